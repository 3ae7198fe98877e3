//! The values of variables: from the environment, files, systemd credentials, `--env-file`, `--secrets-command` and the
//! keyring.

mod env_file;
#[cfg(feature = "keyring")]
mod keyring;
mod secrets_command;

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use crate::{console::Console, error::CommandError, printable::printable, spec::shown};

/// The largest file with values, and the longest output of a command, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The variable with the folder of systemd's credentials.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Where secrets and settings are looked up besides the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct SecretSources {
    /// File with secrets and settings, one `NAME=VALUE` a line, used where the environment has none. Repeatable; a
    /// later file overrides
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Vec<PathBuf>,
    /// Command that prints secrets and settings, as `NAME=VALUE` lines or a JSON object: run once by the shell, used
    /// where nothing before has a value
    #[arg(long, value_name = "COMMAND")]
    pub(crate) secrets_command: Option<String>,
    /// Use the keyring of the operating system where nothing else has a value: entries of the service `rest-source`,
    /// each with the name of a variable as its user
    #[arg(long)]
    pub(crate) keyring: bool,
}

/// What the sources of a command hold.
#[derive(Default)]
pub(crate) struct Values {
    /// The last file first.
    env_files: Vec<(PathBuf, Pairs)>,
    command: Pairs,
    keyring: Pairs,
}

/// Names and values. Does not implement `Debug`: they are secrets.
#[derive(Default)]
struct Pairs(Vec<(String, String)>);

impl Pairs {
    /// The last value of this name, unless it is empty.
    fn get(&self, name: &str) -> Option<String> {
        let mut pairs = self.0.iter().rev();
        let value = pairs.find_map(|(found, value)| (found == name).then_some(value))?;
        (!value.is_empty()).then(|| value.clone())
    }
}

/// Where a value was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Environment,
    /// The file that the variable `NAME_FILE` names.
    File(PathBuf),
    /// A credential of systemd.
    Credential(PathBuf),
    EnvFile(PathBuf),
    Command,
    Keyring,
}

impl SecretSources {
    /// Reads the files and the keyring, and runs the command.
    pub(crate) async fn read(&self, console: &Console) -> Result<Values, CommandError> {
        let mut env_files = Vec::new();
        for path in &self.env_file {
            let name = format!("`{}`", shown(path));
            let text = read(path).map_err(|error| {
                CommandError::usage(format!(
                    "cannot read {name}: {error}\n  help: `--env-file` names a text file with `NAME=VALUE` lines"
                ))
            })?;
            warn_if_public(path, console);
            env_files.push((path.clone(), Pairs(env_file::parse(&text, &name)?)));
        }
        env_files.reverse();
        let command = match &self.secrets_command {
            Some(command) => Pairs(secrets_command::run(command).await?),
            None => Pairs::default(),
        };
        let keyring = if self.keyring {
            Pairs(keyring::read().await?)
        } else {
            Pairs::default()
        };
        Ok(Values {
            env_files,
            command,
            keyring,
        })
    }
}

impl Values {
    /// The value of a variable, and where it was found. `environment` looks variables up in the
    /// environment; it has no empty ones.
    ///
    /// # Errors
    ///
    /// When the environment's value is not Unicode, or the file that it names cannot be read.
    pub(crate) fn find(
        &self,
        name: &str,
        environment: impl Fn(&str) -> Result<Option<String>, CommandError>,
    ) -> Result<Option<(String, Origin)>, CommandError> {
        if let Some(value) = environment(name)? {
            return Ok(Some((value, Origin::Environment)));
        }
        let variable = format!("{name}_FILE");
        if let Some(path) = environment(&variable)?.map(PathBuf::from) {
            let value = read_value(&path).map_err(|error| {
                CommandError::usage(format!(
                    "`{variable}`: cannot read `{}`: {error}\n  help: set it to the path of a file with the value of \
                     `{name}`, or unset it",
                    shown(&path)
                ))
            })?;
            if !value.is_empty() {
                return Ok(Some((value, Origin::File(path))));
            }
        }
        if let Some(folder) = environment(CREDENTIALS)? {
            let path = Path::new(&folder).join(name);
            match read_value(&path) {
                Ok(value) if !value.is_empty() => {
                    return Ok(Some((value, Origin::Credential(path))));
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(CommandError::usage(format!(
                        "cannot read the credential `{}`: {error}\n  help: systemd's `LoadCredential={name}:PATH` \
                         makes it readable",
                        shown(&path)
                    )));
                }
            }
        }
        let in_file = self.env_files.iter().find_map(|(path, pairs)| {
            let value = pairs.get(name)?;
            Some((value, Origin::EnvFile(path.clone())))
        });
        let in_command = || Some((self.command.get(name)?, Origin::Command));
        let in_keyring = || Some((self.keyring.get(name)?, Origin::Keyring));
        Ok(in_file.or_else(in_command).or_else(in_keyring))
    }
}

#[cfg(not(feature = "keyring"))]
mod keyring {
    use crate::error::CommandError;

    /// The error of a build without it.
    #[expect(clippy::unused_async, reason = "with the feature it waits")]
    pub(super) async fn read() -> Result<Vec<(String, String)>, CommandError> {
        Err(CommandError::usage(
            "this `rest-source` was built without the feature `keyring`\n  help: `cargo install rest-source-cli \
             --features keyring` builds it with it",
        ))
    }
}

/// A file with one value: its text without one trailing newline.
fn read_value(path: &Path) -> io::Result<String> {
    let mut text = read(path)?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"))
}

/// Warns of an env file that every user of the machine can read.
#[cfg(unix)]
fn warn_if_public(path: &Path, console: &Console) {
    use std::os::unix::fs::PermissionsExt;

    let is_public = fs::metadata(path)
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o004 != 0);
    if is_public {
        let path = printable(&shown(path), &[]);
        console.warning(format_args!(
            "every user of this machine can read `{path}`\n  help: `chmod 600 {path}`"
        ));
    }
}

#[cfg(not(unix))]
fn warn_if_public(_: &Path, _: &Console) {}

#[cfg(test)]
mod tests;
