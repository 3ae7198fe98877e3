//! The file of `--token-file`: the refresh token of a source, which an API may rotate with each access token.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rest_source::{
    Builder, Client, Error, ErrorKind, Secret,
    plan::{Auth, Grant, Part, SecretPlan, SourcePlan},
};

use crate::{
    console::Console,
    context::Context,
    error::CommandError,
    file::{self, Access},
    interrupt::TokenRequests,
};

/// How long a command waits for another one that requests a token with the same file.
const LOCK_TIMEOUT: Duration = Duration::from_secs(120);

/// Stores a rotated refresh token in the file. Without a file, warns at the end that it was not stored.
pub(crate) struct RefreshTokenFile {
    /// The secret that holds the refresh token.
    secret: Option<SecretPlan>,
    file: Option<PathBuf>,
    /// The token that the file held.
    stored: Option<Secret>,
    /// Whether the API rotated the token and there is no file to store it.
    is_lost: Arc<AtomicBool>,
    requests: TokenRequests,
    console: Console,
}

impl RefreshTokenFile {
    /// Opens the file of `--token-file`, if there is one, for this source.
    ///
    /// # Errors
    ///
    /// When the source has no refresh token, the file contains none, or it cannot be written.
    pub(crate) fn new(
        plan: &SourcePlan,
        file: Option<PathBuf>,
        context: &Context,
        requests: TokenRequests,
    ) -> Result<Self, CommandError> {
        let mut secret = refresh_token(plan, context);
        let mut token = None;
        if let Some(file) = &file {
            let (of, stored) = stored(plan, file, context)?;
            (secret, token) = (Some(of), stored);
            let cannot_write =
                |error| CommandError::usage(format!("cannot write `{}`: {error}", file.display()));
            file::can_replace(file).map_err(cannot_write)?;
            file::open_lock(file).map_err(cannot_write)?;
        }
        Ok(Self {
            secret,
            file,
            stored: token,
            is_lost: Arc::default(),
            requests,
            console: context.console.clone(),
        })
    }

    /// Passes the stored token to the client, and stores the tokens that follow.
    pub(crate) fn attach(&self, client: Builder<Client>) -> Builder<Client> {
        let client = match (&self.secret, &self.stored) {
            (Some(secret), Some(token)) => client.secret(&secret.name, token.clone()),
            _ => client,
        };
        let (file, secret, requests) = (
            self.file.clone(),
            self.secret.clone(),
            self.requests.clone(),
        );
        let client = client.lock_refresh_token(move || {
            let (file, secret, requests) = (file.clone(), secret.clone(), requests.clone());
            async move {
                let (Some(file), Some(secret)) = (file, secret) else {
                    return Ok((None, (None, requests.begin())));
                };
                let guard = file::lock(&file, LOCK_TIMEOUT).await?;
                let token =
                    read(&file, &secret).map_err(|error| io::Error::other(error.to_string()))?;
                Ok::<_, io::Error>((token, (Some(guard), requests.begin())))
            }
        });
        let (file, is_lost) = (self.file.clone(), Arc::clone(&self.is_lost));
        client.on_refresh_token(move |token: Secret| {
            let stored = store(file.as_deref(), &token, &is_lost);
            async move { stored }
        })
    }

    /// Adds to an auth error where the rejected refresh token may come from.
    pub(crate) fn explain(&self, error: Error) -> Error {
        match (&self.file, &self.secret, &self.stored) {
            (Some(file), Some(secret), Some(_)) if *error.kind() == ErrorKind::Auth => {
                let (file, env) = (file.display(), &secret.env);
                error.with_detail(format!(
                    "the refresh token was read from `{file}`; without the file, that of `{env}` is used"
                ))
            }
            _ => error,
        }
    }
}

/// Warns when the command ends, also by an interruption.
impl Drop for RefreshTokenFile {
    fn drop(&mut self) {
        if self.is_lost.load(Ordering::Relaxed) {
            let variable = self
                .secret
                .as_ref()
                .map(|secret| format!("`{}`", secret.env));
            self.console.warning(format_args!(
                "the API rotated the refresh token, and the new one was not stored: that of {} may be invalid now\n  \
                 help: get a new one, and use `--token-file FILE` (in a project `token_file`), which stores those that follow",
                variable.as_deref().unwrap_or("the environment")
            ));
        }
    }
}

fn store(file: Option<&Path>, token: &Secret, is_lost: &AtomicBool) -> io::Result<()> {
    let Some(file) = file else {
        is_lost.store(true, Ordering::Relaxed);
        return Ok(());
    };
    file::replace(file, &format!("{}\n", token.expose()), Access::OwnerOnly).map_err(|error| {
        let message = format!("cannot write `{}`: {error}", file.display());
        io::Error::new(error.kind(), message)
    })
}

/// The secret that is the refresh token of this source, and its value in the file, if that exists.
pub(crate) fn stored(
    plan: &SourcePlan,
    file: &Path,
    context: &Context,
) -> Result<(SecretPlan, Option<Secret>), CommandError> {
    let Some(secret) = refresh_token(plan, context) else {
        return Err(CommandError::usage(format!(
            "`{}` has no refresh token to store in `{}`\n  help: remove `--token-file`: it \
             needs an `oauth2_refresh_token` whose `refresh_token` is one secret",
            plan.name,
            file.display()
        )));
    };
    let stored = read(file, &secret)?;
    Ok((secret, stored))
}

/// Reads the token; `None` if the file does not exist yet.
fn read(path: &Path, secret: &SecretPlan) -> Result<Option<Secret>, CommandError> {
    let shown = path.display();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(CommandError::usage(format!(
                "cannot read `{shown}`: {error}"
            )));
        }
    };
    let token = text.trim_end_matches(['\n', '\r']);
    if token.is_empty() || token.contains(char::is_control) {
        return Err(CommandError::usage(format!(
            "`{shown}` does not contain a refresh token\n  help: without the file, that of `{}` is used",
            secret.env
        )));
    }
    Ok(Some(token.into()))
}

/// The secret that is a source's refresh token, if the token is exactly one secret, with the variable that it is read from.
fn refresh_token(plan: &SourcePlan, context: &Context) -> Option<SecretPlan> {
    let resources = plan
        .resources
        .iter()
        .filter_map(|resource| resource.auth.as_ref());
    let choices = plan.choices.iter().map(|choice| &choice.auth);
    let mut secret = resources.chain(choices).find_map(|auth| match &**auth {
        Auth::OAuth2(oauth2) => match &oauth2.grant {
            Grant::RefreshToken(token) => match &*token.0 {
                [Part::Secret(at)] => plan.secrets.get(usize::from(*at)).cloned(),
                _ => None,
            },
            Grant::ClientCredentials | Grant::JwtBearer(_) => None,
        },
        _ => None,
    })?;
    secret.env = context.origin_of(&secret.env).to_owned().into();
    Some(secret)
}
