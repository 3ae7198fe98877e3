//! `rest-source completions`, and what its scripts ask.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::{
    args::{Args, Completions},
    console::Console,
    error::CommandError,
    spec,
};

/// Bash: the generated function, and then the names of resources where one is expected.
const BASH: &str = r#"
_rest__source_with_resources() {
    _rest__source "$@"
    if (( COMP_CWORD < 2 )); then return; fi
    local names
    names=$("$1" completions bash -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null)
    if [[ -n $names ]]; then
        COMPREPLY=( $(compgen -W "$names" -- "${COMP_WORDS[COMP_CWORD]}") )
    fi
}
complete -F _rest__source_with_resources -o bashdefault -o default rest-source
"#;

const FISH: &str = "
function __rest_source_resources
    set -l words (commandline -opc)
    test (count $words) -gt 1; or return
    $words[1] completions fish -- $words[2..] 2>/dev/null
end
complete -c rest-source -n 'test (count (__rest_source_resources)) -gt 0' -f -a '(__rest_source_resources)'
";

/// Zsh: the names of resources where one is expected, and the generated function elsewhere.
const ZSH: &str = r#"
_rest_source_with_resources() {
    local -a names
    if (( CURRENT > 2 )); then
        names=(${(f)"$("${words[1]}" completions zsh -- "${(@)words[2,CURRENT-1]}" 2>/dev/null)"})
    fi
    if (( ${#names} )); then
        compadd -a names
    else
        _rest-source "$@"
    fi
}
compdef _rest_source_with_resources rest-source
"#;

/// `PowerShell`: the start of the generated function, which has the words of the command line.
const POWERSHELL_START: &str = "    param($wordToComplete, $commandAst, $cursorPosition)\n";

/// `PowerShell`: the names of resources where one is expected. A command has one such function, so this is a part of the
/// generated one. The word at the cursor ends there, so it is not among the words before it.
const POWERSHELL: &str = r#"
    $words = @(foreach ($element in $commandAst.CommandElements) {
        if ($element.Extent.EndOffset -lt $cursorPosition) {
            if ($element -is [StringConstantExpressionAst]) { $element.Value } else { $element.Extent.Text }
        }
    })
    if ($words.Count -gt 2) {
        $name, $arguments = $words
        $names = @(& $name completions powershell '--' @arguments 2>$null)
        if ($names.Count -gt 0) {
            return $names | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
                [CompletionResult]::new($_, $_, [CompletionResultType]::ParameterValue, $_)
            }
        }
    }
"#;

/// Prints the completion script of a shell.
pub(crate) fn run(args: &Completions, console: &Console) -> Result<(), CommandError> {
    if !args.words.is_empty() {
        return complete(&args.words, console);
    }
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "rest-source", &mut script);
    // clap_complete names the same function in two ways where the name of a command has a hyphen.
    let script = String::from_utf8_lossy(&script).replace("rest__subcmd__source", "rest__source");
    let script = match args.shell {
        Shell::PowerShell => script.replacen(
            POWERSHELL_START,
            &[POWERSHELL_START, POWERSHELL].concat(),
            1,
        ),
        _ => script,
    };
    console.print(script.as_bytes())?;
    match args.shell {
        Shell::Bash => console.print(BASH)?,
        Shell::Fish => console.print(FISH)?,
        Shell::Zsh => console.print(ZSH)?,
        _ => true,
    };
    Ok(())
}

/// Prints the names of resources that may come next. A spec that cannot be read has none.
fn complete(words: &[String], console: &Console) -> Result<(), CommandError> {
    let Some(spec) = spec_of(words) else {
        return Ok(());
    };
    let Ok(compiled) = spec::read(Path::new(spec)) else {
        return Ok(());
    };
    let resources = compiled
        .connector
        .iter()
        .flat_map(|one| one.plan.resources.iter());
    // A shell would expand other characters.
    let is_plain = |name: &&str| {
        name.chars()
            .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
    };
    for name in resources.map(|resource| &*resource.name).filter(is_plain) {
        console.print(&format!("{name}\n"))?;
    }
    Ok(())
}

/// The spec whose resources may come after these words.
fn spec_of(words: &[String]) -> Option<&str> {
    let (command, words) = words.split_first()?;
    let is_spec = |word: &&String| {
        let path = Path::new(word.as_str());
        path.extension()
            .is_some_and(|end| end == "yaml" || end == "yml")
            && path.is_file()
    };
    let at = words.iter().position(|word| is_spec(&word))?;
    let spec = words[at].as_str();
    let last = words.len() - 1;
    let is_expected = match command.as_str() {
        "fetch" | "infer" => at == last,
        "test" | "verify" => words[at + 1..].iter().all(|word| !word.starts_with('-')),
        "load" | "doctor" => words[last] == "--resource",
        _ => false,
    };
    is_expected.then_some(spec)
}
