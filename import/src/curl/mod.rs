//! A request of `curl` as a resource: a command line as the documentation of an API prints it.

mod options;
mod request;
mod words;

use crate::position::Lines;
use crate::settle::{Origins, settle};
use crate::{ImportError, Imported, Loss};

use options::Options;

/// The longest command line.
const LENGTH: usize = 1 << 20;
/// What the command line is called in messages.
const COMMAND: &str = "<command>";

/// Makes a spec of a command line. Nothing is executed, expanded or sent.
///
/// Credentials become secrets of the spec: their values are neither in it nor in an error. Variables of the shell and
/// placeholders in the URL (`{id}`, `<id>`) become settings.
///
/// # Errors
///
/// If the text is not a command of `curl`, or one whose request a spec cannot make.
///
/// ```
/// use rest_source_import::curl::import;
///
/// let command = "curl -H 'Authorization: Bearer abc123' 'https://api.example.com/v1/orders?status=open'";
/// let text = import(command).unwrap().text();
/// assert!(text.contains("auth: { type: bearer, token: \"{secrets.token}\" }"));
/// assert!(!text.contains("abc123"));
/// ```
pub fn import(command: &str) -> Result<Imported, ImportError> {
    read(command)
        .map_err(|wrong| wrong.located(command))
        .and_then(|(mut imported, ignored)| {
            let lines = Lines::new(command);
            let mut losses = Vec::new();
            for (at, what) in ignored {
                imported.spec.comment_top(&format!("Not imported: {what}"));
                losses.push(Loss {
                    place: lines.place(COMMAND, at),
                    what,
                });
            }
            imported.losses = losses;
            settle(COMMAND, &Origins::default(), imported)
        })
}

type Read = (Imported, Vec<(usize, String)>);

fn read(command: &str) -> Result<Read, Wrong> {
    if command.len() > LENGTH {
        return Err(Wrong::new(
            0,
            "the command is longer than 1 MiB",
            "give the command alone",
        ));
    }
    let (mut words, rest) = words::words(command).map_err(|error| {
        Wrong::new(error.at, error.message, "write the value itself, in quotes")
    })?;
    // A prompt may precede the command.
    while words
        .first()
        .is_some_and(|word| matches!(word.text.as_str(), "$" | "%" | ">"))
    {
        words.remove(0);
    }
    match words.first() {
        Some(word)
            if word.text == "curl" || word.text.ends_with("/curl") || word.text == "curl.exe" => {}
        first => {
            let at = first.map_or(0, |word| word.at);
            return Err(Wrong::new(
                at,
                "the command is not one of `curl`",
                "give a command that begins with `curl`",
            ));
        }
    }
    words.remove(0);
    let mut options = Options::read(words)?;
    let mut ignored = std::mem::take(&mut options.ignored);
    let spec = request::spec(&options, &mut ignored)?;
    if let Some(at) = rest {
        ignored.push((at, "what follows the command".to_owned()));
    }
    ignored.sort_by_key(|(at, _)| *at);
    let imported = Imported {
        spec,
        losses: Vec::new(),
    };
    Ok((imported, ignored))
}

/// A mistake at a byte of the command. Its texts have no values of the command.
#[derive(Debug)]
struct Wrong {
    at: usize,
    message: String,
    help: String,
}

impl Wrong {
    fn new(at: usize, message: &str, help: &str) -> Self {
        Self {
            at,
            message: message.to_owned(),
            help: help.to_owned(),
        }
    }

    fn located(self, command: &str) -> ImportError {
        ImportError {
            place: Lines::new(command).place(COMMAND, self.at),
            message: self.message,
            help: self.help,
        }
    }
}
