//! The refresh token of a source, which an API may replace whenever it gives another access token.

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
    file::{self, Readers},
    interrupt::TokenRequests,
    stop::Stop,
};

/// How long a run waits for another that asks for a token with the same file.
const LONGEST_LOCK: Duration = Duration::from_secs(120);

/// Keeps what an API gives in place of a refresh token, which then is of no more use, or says at the
/// end that it was not kept.
pub(crate) struct Keeper {
    /// The secret that is replaced.
    secret: Option<SecretPlan>,
    file: Option<PathBuf>,
    /// What the file held.
    kept: Option<Secret>,
    /// Whether the API gave another, which was kept nowhere.
    is_lost: Arc<AtomicBool>,
    requests: TokenRequests,
    console: Console,
}

impl Keeper {
    /// For this source, with the file of `--token-file`.
    ///
    /// # Errors
    ///
    /// When there is a file, but no refresh token that it could be for, or it holds none, or cannot be
    /// written.
    pub(crate) fn new(
        plan: &SourcePlan,
        file: Option<PathBuf>,
        console: &Console,
        requests: TokenRequests,
    ) -> Result<Self, Stop> {
        let secret = refresh_token(plan);
        let mut kept = None;
        if let Some(file) = &file {
            let Some(secret) = &secret else {
                return Err(Stop::usage(format!(
                    "`{}` has no refresh token to keep in `{}`\n  help: leave `--token-file` out: it \
                     is for an `oauth2_refresh_token` whose `refresh_token` is one secret",
                    plan.name,
                    file.display()
                )));
            };
            kept = read(file, secret)?;
            let cannot_write =
                |error| Stop::usage(format!("cannot write `{}`: {error}", file.display()));
            file::can_replace(file).map_err(cannot_write)?;
            file::open_lock(file).map_err(cannot_write)?;
        }
        Ok(Self {
            secret,
            file,
            kept,
            is_lost: Arc::default(),
            requests,
            console: console.clone(),
        })
    }

    /// Gives the client the token that was kept, and takes the next from it.
    pub(crate) fn attach(&self, client: Builder<Client>) -> Builder<Client> {
        let client = match (&self.secret, &self.kept) {
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
                let guard = file::lock(&file, LONGEST_LOCK).await?;
                let token =
                    read(&file, &secret).map_err(|stop| io::Error::other(stop.to_string()))?;
                Ok::<_, io::Error>((token, (Some(guard), requests.begin())))
            }
        });
        let (file, is_lost) = (self.file.clone(), Arc::clone(&self.is_lost));
        client.on_refresh_token(move |token: Secret| {
            let kept = keep(file.as_deref(), &token, &is_lost);
            async move { kept }
        })
    }

    /// An error with the place of the token that may be what was refused.
    pub(crate) fn tell(&self, error: Error) -> Error {
        match (&self.file, &self.secret, &self.kept) {
            (Some(file), Some(secret), Some(_)) if *error.kind() == ErrorKind::Auth => {
                let (file, env) = (file.display(), &secret.env);
                error.with_detail(format!(
                    "the refresh token is that of `{file}`; without the file, that of `{env}` is used"
                ))
            }
            _ => error,
        }
    }
}

/// Said at the end, however it comes: a run that is interrupted drops this, too.
impl Drop for Keeper {
    fn drop(&mut self) {
        if self.is_lost.load(Ordering::Relaxed) {
            let variable = self
                .secret
                .as_ref()
                .map(|secret| format!("`{}`", secret.env));
            self.console.warning(format_args!(
                "the API gave a new refresh token, which was not kept: that of {} may be spent\n  help: \
                 get another, and run with `--token-file FILE`, which keeps what comes after it",
                variable.as_deref().unwrap_or("the environment")
            ));
        }
    }
}

fn keep(file: Option<&Path>, token: &Secret, is_lost: &AtomicBool) -> io::Result<()> {
    let Some(file) = file else {
        is_lost.store(true, Ordering::Relaxed);
        return Ok(());
    };
    file::replace(file, &format!("{}\n", token.expose()), Readers::Owner).map_err(|error| {
        let message = format!("cannot write `{}`: {error}", file.display());
        io::Error::new(error.kind(), message)
    })
}

/// The token in the file; `None` where there is no such file yet.
fn read(path: &Path, secret: &SecretPlan) -> Result<Option<Secret>, Stop> {
    let shown = path.display();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Stop::usage(format!("cannot read `{shown}`: {error}"))),
    };
    let token = text.trim_end_matches(['\n', '\r']);
    if token.is_empty() || token.contains(char::is_control) {
        return Err(Stop::usage(format!(
            "`{shown}` holds no refresh token\n  help: without the file, that of `{}` is used",
            secret.env
        )));
    }
    Ok(Some(token.into()))
}

/// The secret that is the refresh token of a source, where it is nothing but that.
fn refresh_token(plan: &SourcePlan) -> Option<SecretPlan> {
    let resources = plan
        .resources
        .iter()
        .filter_map(|resource| resource.auth.as_ref());
    let choices = plan.choices.iter().map(|choice| &choice.auth);
    resources.chain(choices).find_map(|auth| match &**auth {
        Auth::OAuth2(oauth2) => match &oauth2.grant {
            Grant::RefreshToken(token) => match &*token.0 {
                [Part::Secret(at)] => plan.secrets.get(usize::from(*at)).cloned(),
                _ => None,
            },
            Grant::ClientCredentials => None,
        },
        _ => None,
    })
}
