//! The builder of a source.

use std::{fmt, future::Future, marker::PhantomData, sync::Arc, time::Duration};

use crate::{
    Client, Clock, Error, ErrorKind, Result, RunBudget, Scalar, Secret, SystemClock, Values,
    hooks::Hooks,
    http_context::{
        AnsweredOrigins, BoxError, HttpContext, LockRefreshToken, LockedRefreshToken,
        OnRefreshToken,
    },
    permits::RateLimiting,
    plan::{Param, Part, SourcePlan, Template},
    redact::Redactor,
    retry::RetryBudget,
    run_budget::RunningBudget,
    settings::{self, GivenSecrets, Variable},
    shared::Ref,
    transport::Transport,
};

/// A source that a spec was made into. Generated code implements it for its `Source`.
pub trait Connector: Sized {
    /// What the spec says.
    fn plan() -> Ref<SourcePlan>;
    /// The Rust that the spec names.
    fn hooks() -> &'static Hooks {
        &Hooks::NONE
    }
    /// Its secrets: a struct with a field for each, or `()`.
    type Secrets: Values<Secret>;
    /// Its settings: a struct with a field for each, or `()`.
    type Config: Values<Scalar>;

    /// The source over this client.
    fn from_client(client: Client) -> Self;

    /// Its client.
    fn client(&self) -> &Client;
}

/// Makes a source. What is not given comes from the environment, or is as the spec says.
///
/// A generated module has `Source::builder()` for it; [`Client::builder`] is for a plan that is known
/// only at run time.
///
/// ```
/// use rest_source::{Builder, Connector, Result};
///
/// // Its secrets from a vault, its settings from the environment.
/// fn connect<S: Connector>(secrets: S::Secrets) -> Result<S> {
///     Builder::<S>::new().secrets(secrets).concurrency(8).build()
/// }
/// ```
pub struct Builder<S> {
    plan: Ref<SourcePlan>,
    hooks: &'static Hooks,
    secrets: Option<GivenSecrets>,
    /// Secrets by name, in place of the environment's.
    named_secrets: Vec<(String, Secret)>,
    config: Option<Vec<Scalar>>,
    /// Settings as text, by name, in place of the environment's.
    settings: Vec<(String, String)>,
    transport: Option<Box<dyn Transport>>,
    /// The default transport with certificates and a proxy, which is used if no other is given.
    #[cfg(feature = "reqwest")]
    own_transport: Option<crate::transport::Reqwest>,
    clock: Option<Box<dyn Clock>>,
    jitter: Option<Box<dyn Fn() -> f64 + Send + Sync>>,
    on_refresh_token: Option<OnRefreshToken>,
    lock_refresh_token: Option<LockRefreshToken>,
    concurrency: Option<u16>,
    variables: Option<Variables>,
    budget: RunBudget,
    rate_limiting: RateLimiting,
    source: PhantomData<fn() -> S>,
}

/// Looks a variable up.
type Variables = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl<S: Connector> Builder<S> {
    /// With nothing given yet.
    pub fn new() -> Self {
        Self::of(S::plan(), S::hooks())
    }

    /// These secrets, in place of the environment's.
    pub fn secrets(mut self, secrets: S::Secrets) -> Self {
        self.secrets = Some(GivenSecrets::of(secrets));
        self
    }

    /// These settings, in place of the environment's.
    pub fn config(mut self, config: S::Config) -> Self {
        self.config = Some(config.values());
        self
    }
}

impl<S> Builder<S> {
    /// These secrets and settings, in the plan's order, in place of the environment's.
    pub(crate) fn values(mut self, secrets: GivenSecrets, config: Vec<Scalar>) -> Self {
        self.secrets = Some(secrets);
        self.config = Some(config);
        self
    }

    fn of(plan: Ref<SourcePlan>, hooks: &'static Hooks) -> Self {
        Self {
            plan,
            hooks,
            secrets: None,
            named_secrets: Vec::new(),
            config: None,
            settings: Vec::new(),
            transport: None,
            #[cfg(feature = "reqwest")]
            own_transport: None,
            clock: None,
            jitter: None,
            on_refresh_token: None,
            lock_refresh_token: None,
            concurrency: None,
            variables: None,
            budget: RunBudget::new(),
            rate_limiting: RateLimiting::Local,
            source: PhantomData,
        }
    }

    /// This transport, in place of reqwest's client.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Box::new(transport));
        self
    }

    /// This reqwest client, of reqwest 0.13, in place of the source's own: its connect timeout, proxies, TLS,
    /// resolver, cookies and default headers hold.
    ///
    /// ```
    /// # use rest_source::{Builder, Connector, transport::Reqwest};
    /// # type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
    /// fn connect<S: Connector>() -> Result<S> {
    ///     let client = Reqwest::client_builder()?.https_only(true).build()?;
    ///     Ok(Builder::<S>::new().http_client(client)?.build()?)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Unless the client was built with [`Policy::none`](reqwest::redirect::Policy::none): one that follows
    /// redirects would send credentials to wherever a response points. The source follows redirects
    /// itself and checks the origin of each.
    #[cfg(feature = "reqwest")]
    pub fn http_client(self, client: reqwest::Client) -> Result<Self> {
        match crate::transport::Reqwest::with_client(client) {
            Ok(transport) => Ok(self.transport(transport)),
            Err(error) => {
                Err(Error::new(ErrorKind::Config, error.message.clone()).with_cause(error))
            }
        }
    }

    /// This certificate, with its private key, for servers that ask for one (mutual TLS): a PEM file of both, and of
    /// the authorities between the certificate and the root. The source's own client shows it to every server that
    /// asks; the key never leaves the process.
    ///
    /// ```
    /// # use rest_source::{Builder, Connector};
    /// fn connect<S: Connector>() -> Result<S, Box<dyn std::error::Error>> {
    ///     let source = Builder::<S>::new()
    ///         .client_certificate(std::fs::read("client.pem")?)?
    ///         .ca_certificates(std::fs::read("ca.pem")?)?
    ///         .build()?;
    ///     Ok(source)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the PEM has no such certificate and key. `tls-native` reads keys in PKCS #8, rustls
    /// also in PKCS #1 and SEC 1.
    #[cfg(feature = "reqwest")]
    pub fn client_certificate(mut self, pem: impl AsRef<[u8]>) -> Result<Self> {
        let transport = self.own_transport.take().unwrap_or_default();
        let transport = transport.client_certificate(pem);
        self.own_transport = Some(transport.map_err(invalid_connection)?);
        Ok(self)
    }

    /// These certificate authorities, a PEM file, in place of the platform's: no other is trusted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the PEM has no certificates.
    #[cfg(feature = "reqwest")]
    pub fn ca_certificates(mut self, pem: impl AsRef<[u8]>) -> Result<Self> {
        let transport = self.own_transport.take().unwrap_or_default();
        let transport = transport.ca_certificates(pem);
        self.own_transport = Some(transport.map_err(invalid_connection)?);
        Ok(self)
    }

    /// This proxy, an http or https URL, in place of the environment's. The URL may have a user and a password. Loopback
    /// addresses and the hosts of `NO_PROXY` are requested directly. Errors name the proxy without its password.
    ///
    /// ```
    /// # use rest_source::{Builder, Connector, Result};
    /// fn connect<S: Connector>() -> Result<S> {
    ///     Builder::<S>::new().proxy("http://proxy.example.com:3128")?.build()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when it is not the URL of a proxy.
    #[cfg(feature = "reqwest")]
    pub fn proxy(mut self, url: impl AsRef<str>) -> Result<Self> {
        let transport = self.own_transport.take().unwrap_or_default();
        let transport = transport.proxy(url);
        self.own_transport = Some(transport.map_err(invalid_connection)?);
        Ok(self)
    }

    /// The transport that was given, or that of the source's own client.
    fn take_transport(&mut self) -> Result<Box<dyn Transport>> {
        let given = self.transport.take();
        #[cfg(feature = "reqwest")]
        if let Some(own) = self.own_transport.take() {
            if given.is_some() {
                let message = "`client_certificate`, `ca_certificates` and `proxy` are of the source's own client, and \
                               another transport is given";
                return Err(Error::new(ErrorKind::Config, message)
                    .with_help("give that transport the certificates and the proxy"));
            }
            return Ok(Box::new(own));
        }
        given.or_else(default_transport).ok_or_else(no_transport)
    }

    /// This clock, in place of the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// This base URL in place of the spec's: another stage of the API, or a proxy to it. What the spec's own
    /// is made of, its settings say, is still asked for. A state is of the base URL that it was saved for.
    ///
    /// ```
    /// # use rest_source::{Builder, Connector, Result};
    /// fn connect<S: Connector>() -> Result<S> {
    ///     Builder::<S>::new()
    ///         .base_url("https://staging.example.com/v2")
    ///         .user_agent("nightly-sync/1.0 (ops@example.com)")
    ///         .build()
    /// }
    /// ```
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        let url = Part::Text(url.into().into());
        self.change(|plan| plan.base_url = Template(vec![url].into()));
        self
    }

    /// The longest that a connection may take to be made, in place of the spec's; 10 s by default.
    pub fn connect_timeout(mut self, longest: Duration) -> Self {
        self.change(|plan| plan.connect_timeout = longest);
        self
    }

    /// The longest that an attempt may take, its body to the end included, in place of the spec's; 60 s by
    /// default.
    pub fn request_timeout(mut self, longest: Duration) -> Self {
        self.change(|plan| plan.request_timeout = longest);
        self
    }

    /// What the requests of resources say of who makes them, in place of `rest-source/…` or of the header
    /// that the spec has for it. A resource's own header stays.
    pub fn user_agent(mut self, text: impl Into<String>) -> Self {
        let value = Part::Text(text.into().into());
        let header = Param {
            name: "User-Agent".into(),
            value: Template(vec![value].into()),
        };
        self.change(|plan| {
            let others = plan.headers.iter().cloned();
            let others = others.filter(|one| !one.name.eq_ignore_ascii_case("User-Agent"));
            plan.headers = others.chain([header]).collect();
        });
        self
    }

    /// Changes what the spec says, for this source alone.
    fn change(&mut self, change: impl FnOnce(&mut SourcePlan)) {
        let mut plan = SourcePlan::clone(&self.plan);
        change(&mut plan);
        self.plan = plan.into();
    }

    /// This source of numbers from 0 up to 1, itself excluded, to spread waits by.
    pub fn jitter(mut self, jitter: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.jitter = Some(Box::new(jitter));
        self
    }

    /// Who keeps a refresh token (`oauth2_refresh_token`) that the token endpoint gave in place of the
    /// one before, which then may be of no more use: it has to be the secret of the next run.
    ///
    /// It is called before the access token that came with it is used, and is awaited. Its error is one
    /// of [`ErrorKind::Auth`] for the fetch; it is called again, with the same token, before the next
    /// token is asked for. A fetch that is dropped meanwhile does not take it along.
    ///
    /// ```
    /// # use rest_source::{Builder, Connector, Result, Secret};
    /// fn connect<S: Connector>() -> Result<S> {
    ///     Builder::<S>::new()
    ///         .on_refresh_token(|token: Secret| async move {
    ///             std::fs::write("refresh_token", token.expose())
    ///         })
    ///         .build()
    /// }
    /// ```
    ///
    /// Where several processes share the token, [`lock_refresh_token`](Self::lock_refresh_token) keeps them
    /// from spending it twice.
    pub fn on_refresh_token<F, R, E>(mut self, keep: F) -> Self
    where
        F: Fn(Secret) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.on_refresh_token = Some(Box::new(move |token| {
            let kept = keep(token);
            Box::pin(async move { kept.await.map_err(Into::<BoxError>::into) })
        }));
        self
    }

    /// Looks up the variables of secrets and settings by this function, in place of the process's environment. `None`
    /// and an empty value count as not set.
    ///
    /// ```
    /// # use std::collections::HashMap;
    /// # use rest_source::{Builder, Connector, Result};
    /// fn connect<S: Connector>(vault: HashMap<String, String>) -> Result<S> {
    ///     Builder::<S>::new()
    ///         .variables(move |name| vault.get(name).cloned())
    ///         .build()
    /// }
    /// ```
    pub fn variables(
        mut self,
        variables: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.variables = Some(Box::new(variables));
        self
    }

    /// The most requests in flight, in place of the spec's; 0 counts as 1.
    pub fn concurrency(mut self, concurrency: u16) -> Self {
        self.concurrency = Some(concurrency.max(1));
        self
    }

    /// The budget of all requests that the source sends from now on. Build a source for each run.
    pub fn budget(mut self, budget: RunBudget) -> Self {
        self.budget = budget;
        self
    }

    /// Shares the rate limits of the spec with other processes: see [`permits`](crate::permits).
    ///
    /// ```
    /// use rest_source::{
    ///     Builder, Connector, Result,
    ///     permits::{Lease, PermitService, RateLimiting, Share},
    /// };
    ///
    /// // One of four processes, each with a quarter of the limit.
    /// fn quarter<S: Connector>(index: u32) -> Result<S> {
    ///     let share = RateLimiting::Share(Share::new(index, 4)?);
    ///     Builder::<S>::new().rate_limiting(share).build()
    /// }
    ///
    /// // Any number of processes, by permits of a service.
    /// fn leased<S: Connector>(service: impl PermitService) -> Result<S> {
    ///     let lease = Lease::new(service).key("shop");
    ///     Builder::<S>::new().rate_limiting(RateLimiting::Lease(lease)).build()
    /// }
    /// ```
    pub fn rate_limiting(mut self, rate_limiting: RateLimiting) -> Self {
        self.rate_limiting = rate_limiting;
        self
    }

    /// Locks a refresh token (`oauth2_refresh_token`) that several processes share, before each request
    /// that spends it. Returns the current token, where another process may have replaced it, and a guard.
    /// The guard is dropped once [`on_refresh_token`](Self::on_refresh_token) has kept the next token.
    ///
    /// Its error is one of [`ErrorKind::Auth`] for the fetch.
    ///
    /// ```
    /// # use rest_source::{Builder, Connector, Result, Secret};
    /// # async fn lock() -> std::io::Result<std::fs::File> { std::fs::File::open("lock") }
    /// fn connect<S: Connector>() -> Result<S> {
    ///     Builder::<S>::new()
    ///         .lock_refresh_token(|| async {
    ///             let guard = lock().await?;
    ///             let token = std::fs::read_to_string("refresh_token")?;
    ///             std::io::Result::Ok((Some(Secret::from(token)), guard))
    ///         })
    ///         .build()
    /// }
    /// ```
    pub fn lock_refresh_token<F, R, G, E>(mut self, lock: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(Option<Secret>, G), E>> + Send + 'static,
        G: Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.lock_refresh_token = Some(Box::new(move || {
            let locked = lock();
            Box::pin(async move {
                let (token, guard) = locked.await.map_err(Into::<BoxError>::into)?;
                Ok(LockedRefreshToken {
                    token,
                    _guard: Box::new(guard),
                })
            })
        }));
        self
    }

    fn connect(mut self, env: &dyn Fn(&str) -> Variable) -> Result<Client> {
        let transport = self.take_transport()?;
        let plan = &self.plan;
        let named = settings::in_place_of_variables(plan, &self.named_secrets)?;
        let env = |variable: &str| match named.iter().find(|(name, _)| *name == variable) {
            Some((_, secret)) => Variable::Set(secret.expose().to_owned()),
            None => match &self.variables {
                Some(variables) => match variables(variable) {
                    Some(value) if !value.is_empty() => Variable::Set(value),
                    _ => Variable::Unset,
                },
                None => env(variable),
            },
        };
        let settings = settings::resolve(plan, self.secrets, self.config, &self.settings, &env)?;
        let of_transport = transport.secrets();
        let secrets = settings.secrets.iter().chain(&of_transport);
        let secrets = secrets.map(Secret::expose);
        let redactor = Arc::new(Redactor::new(secrets).of_plan(plan));
        let clock = self.clock.unwrap_or_else(|| Box::new(SystemClock::new()));
        let clock: Arc<dyn Clock> = Arc::from(clock);
        let run_budget = RunningBudget::start(self.budget, clock.elapsed());
        let context = HttpContext {
            transport,
            clock,
            jitter: self.jitter.unwrap_or_else(|| Box::new(fastrand::f64)),
            redactor: Arc::clone(&redactor),
            on_refresh_token: self.on_refresh_token,
            lock_refresh_token: self.lock_refresh_token,
            answered: AnsweredOrigins::default(),
            retry: plan.retry.clone(),
            retry_budget: Arc::new(RetryBudget::new(&plan.retry)),
            run_budget: Arc::new(run_budget),
            connect_timeout: plan.connect_timeout,
            request_timeout: plan.request_timeout,
            max_response_bytes: plan.max_response_bytes,
        };
        let concurrency = self.concurrency.unwrap_or(plan.concurrency).max(1);
        let limits = (self.rate_limiting, concurrency);
        Client::new(plan.clone(), self.hooks, settings, context, limits)
            .map_err(|error| error.map_text(|text| redactor.redact(text)))
    }
}

impl<S: Connector> Builder<S> {
    /// Makes the source. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when secrets or settings are missing or wrong, all of them named;
    /// [`ErrorKind::Origin`] when credentials would go over plain http to another machine.
    pub fn build(self) -> Result<S> {
        self.build_from(&settings::environment)
    }

    fn build_from(self, env: &dyn Fn(&str) -> Variable) -> Result<S> {
        self.connect(env).map(S::from_client)
    }
}

impl Client {
    /// A client made step by step, of a plan that is known only at run time.
    ///
    /// ```
    /// use rest_source::{Client, Result, plan::SourcePlan};
    ///
    /// fn connect(plan: SourcePlan) -> Result<Client> {
    ///     Client::builder(plan).setting("region", "eu").build()
    /// }
    /// ```
    pub fn builder(plan: impl Into<Ref<SourcePlan>>) -> Builder<Self> {
        Builder::of(plan.into(), &Hooks::NONE)
    }
}

impl Builder<Client> {
    /// These secrets, in the order of [`SourcePlan::secrets`], in place of the environment's.
    pub fn secrets(mut self, secrets: impl Values<Secret>) -> Self {
        self.secrets = Some(GivenSecrets {
            choice: secrets.choice(),
            values: secrets.values(),
        });
        self
    }

    /// The Rust that the plan names: its own credentials, paginators and processing steps.
    pub fn hooks(mut self, hooks: &'static Hooks) -> Self {
        self.hooks = hooks;
        self
    }

    /// This value, as text, for the setting of this name, in place of the environment's.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// This value for the secret of this name, in place of the environment's; the others come from
    /// there. It has no effect beside [`Self::secrets`], which gives all.
    ///
    /// ```
    /// use rest_source::{Client, Result, Secret, plan::SourcePlan};
    ///
    /// fn connect(plan: &'static SourcePlan, kept: Secret) -> Result<Client> {
    ///     Client::builder(plan).secret("refresh_token", kept).build()
    /// }
    /// ```
    pub fn secret(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.named_secrets.push((name.into(), value.into()));
        self
    }

    /// Makes the client. Sends nothing.
    ///
    /// # Errors
    ///
    /// As of a source; and [`ErrorKind::Config`] when the plan has no setting or secret of a given name.
    pub fn build(self) -> Result<Client> {
        self.connect(&settings::environment)
    }
}

impl<S: Connector> Default for Builder<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> fmt::Debug for Builder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Builder({})", self.plan.name)
    }
}

fn default_transport() -> Option<Box<dyn Transport>> {
    #[cfg(feature = "reqwest")]
    let transport: Option<Box<dyn Transport>> = Some(Box::new(crate::transport::Reqwest::new()));
    #[cfg(not(feature = "reqwest"))]
    let transport = None;
    transport
}

#[cfg(feature = "reqwest")]
fn invalid_connection(error: crate::transport::TransportError) -> Error {
    Error::new(ErrorKind::Config, error.message.clone()).with_cause(error)
}

fn no_transport() -> Error {
    let message = "there is no transport to send requests with";
    Error::new(ErrorKind::Config, message)
        .with_help("enable the feature `reqwest` of `rest-source`, or give the builder a transport")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{Auth, ConfigPlan, Part, ResourcePlan, SecretPlan, Template},
        shared::{Ref::Static, list},
        testing::{Api, answer},
    };

    #[derive(Debug)]
    struct Media(Client);

    struct Secrets(Secret);

    impl Values<Secret> for Secrets {
        fn values(self) -> Vec<Secret> {
            vec![self.0]
        }
    }

    struct Config(String);

    impl Values<Scalar> for Config {
        fn values(self) -> Vec<Scalar> {
            vec![self.0.into()]
        }
    }

    const PLAN: SourcePlan = SourcePlan {
        name: Static("media"),
        secrets: list![SecretPlan {
            name: Static("api_key"),
            env: Static("MEDIA_API_KEY"),
            description: None,
        }],
        config: list![ConfigPlan {
            name: Static("base_url"),
            env: Static("MEDIA_BASE_URL"),
            default: Some(Static("https://api.example.com")),
            ..ConfigPlan::DEFAULT
        }],
        base_url: Template(list![Part::Config(0)]),
        resources: list![Static(
            const {
                &ResourcePlan {
                    auth: Some(Static(
                        const {
                            &Auth::Bearer {
                                token: Template(list![Part::Secret(0)]),
                            }
                        },
                    )),
                    ..ResourcePlan::DEFAULT
                }
            }
        )],
        ..SourcePlan::DEFAULT
    };

    impl Connector for Media {
        fn plan() -> Ref<SourcePlan> {
            PLAN.into()
        }
        type Secrets = Secrets;
        type Config = Config;

        fn from_client(client: Client) -> Self {
            Self(client)
        }

        fn client(&self) -> &Client {
            &self.0
        }
    }

    fn builder() -> Builder<Media> {
        Builder::new().transport(Api::new(|_| answer(200, &[], "[]")))
    }

    fn with_base(base: &str) -> Result<Media> {
        builder()
            .secrets(Secrets("k3y-of-the-house".into()))
            .config(Config(base.to_owned()))
            .build_from(&|_| Variable::Unset)
    }

    #[test]
    fn each_half_is_given_or_from_the_environment() {
        let env = |name: &str| match name {
            "MEDIA_API_KEY" => Variable::Set("k3y-of-the-house".into()),
            _ => Variable::Unset,
        };
        let media = builder().build_from(&env).unwrap();
        assert_eq!(media.client().redact("k3y-of-the-house"), "[secret]");
        let error = builder().build_from(&|_| Variable::Unset).unwrap_err();
        assert!(
            error.to_string().contains("`MEDIA_API_KEY` is not set"),
            "{error}"
        );
        with_base("https://api.example.com/v2").unwrap();
    }

    #[tokio::test]
    async fn what_the_builder_says_stands_before_the_spec() {
        let api = Api::new(|_| answer(200, &[], "[]"));
        let media = builder()
            .transport(api.clone())
            .secrets(Secrets("k3y-of-the-house".into()))
            .config(Config("https://api.example.com".to_owned()))
            .base_url("https://staging.example.com/v2")
            .user_agent("nightly/1.0")
            .request_timeout(Duration::from_secs(7))
            .connect_timeout(Duration::from_secs(3))
            .build_from(&|_| Variable::Unset)
            .unwrap();
        let client = media.client();
        let resource = &client.plan().resources[0];
        client.rows(resource).pages().next().await;
        let asked = api.requests().pop().unwrap();
        assert_eq!(asked.url, "https://staging.example.com/v2");
        assert_eq!(asked.headers.get("User-Agent"), Some("nightly/1.0"));
        let limits = api.limits().pop().unwrap();
        assert_eq!(limits.timeout, Duration::from_secs(7));
        assert_eq!(limits.connect_timeout, Duration::from_secs(3));
        let saved = client.fingerprint(resource).to_json();
        assert!(saved.contains("staging.example.com"), "{saved}");
        // The constant that the plan was made from is as it was.
        assert_eq!(Media::plan().request_timeout, Duration::from_secs(60));
    }

    #[test]
    fn a_secret_by_name_stands_before_the_environments() {
        let client = |name: &str| {
            Client::builder(Media::plan())
                .transport(Api::new(|_| answer(200, &[], "[]")))
                .secret(name, "k3pt-by-the-user")
                .connect(&|name| match name {
                    "MEDIA_API_KEY" => Variable::Set("k3y-of-the-house".into()),
                    _ => Variable::Unset,
                })
        };
        let media = client("api_key").unwrap();
        assert_eq!(media.redact("k3pt-by-the-user"), "[secret]");
        assert_eq!(media.redact("k3y-of-the-house"), "k3y-of-the-house");
        let error = client("api_keys").unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Config);
        assert!(
            error.to_string().contains("no secret `api_keys`"),
            "{error}"
        );
        assert!(!error.to_string().contains("k3pt"), "{error}");
    }

    #[test]
    fn variables_are_looked_up_in_place_of_the_environments() {
        let connect = |value: &'static str| {
            let variables = move |name: &str| (name == "MEDIA_API_KEY").then(|| value.to_owned());
            let env = |_: &str| Variable::Set("k3y-of-the-house".into());
            builder().variables(variables).build_from(&env)
        };
        let media = connect("k3y-of-the-vault").unwrap();
        assert_eq!(media.client().redact("k3y-of-the-vault"), "[secret]");
        let error = connect("").unwrap_err().to_string();
        assert!(error.contains("`MEDIA_API_KEY` is not set"), "{error}");
    }

    #[test]
    fn a_base_url_that_cannot_have_credentials_is_refused_before_anything_is_sent() {
        with_base("http://127.0.0.1:8080").unwrap();
        assert_eq!(
            with_base("http://api.example.com").unwrap_err().kind(),
            &ErrorKind::Origin
        );
        assert_eq!(with_base("api").unwrap_err().kind(), &ErrorKind::Config);
        let error = with_base("https://k3y-of-the-house@h").unwrap_err();
        assert!(!format!("{error:?}").contains("k3y"), "{error}");
    }

    #[cfg(feature = "reqwest")]
    #[test]
    fn certificates_are_of_the_sources_own_client() {
        let error = builder().client_certificate("no PEM").unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("client certificate"), "{error}");
        let error = builder().ca_certificates("no PEM").unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Config);
    }

    #[cfg(any(
        feature = "tls-ring",
        feature = "tls-aws-lc-rs",
        feature = "tls-native"
    ))]
    #[test]
    fn certificates_beside_another_transport_are_an_error() {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let builder = builder().secrets(Secrets("k3y-of-the-house".into()));
        let builder = builder.ca_certificates(made.cert.pem()).unwrap();
        let error = builder.build_from(&|_| Variable::Unset).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("another transport"), "{error}");
    }

    #[test]
    fn the_builder_prints_no_secret() {
        let builder = builder().secrets(Secrets("k3y-of-the-house".into()));
        assert_eq!(format!("{builder:?}"), "Builder(media)");
    }
}
