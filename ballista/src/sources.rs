//! The sources that an executor fetches from.

use std::{
    collections::HashMap,
    env, fmt,
    sync::{Mutex, PoisonError},
};

use rest_source::{Builder, Client, Result, plan::SourcePlan, shared::Ref};

/// The sources of an executor: one client for each, which all of its tasks share, with its connections, tokens and rate
/// limit.
pub struct Sources {
    build: Box<Build>,
    /// By the hash of the plan and the settings.
    clients: Mutex<HashMap<String, Client>>,
}

type Build = dyn Fn(&SourcePlan, Builder<Client>) -> Result<Client> + Send + Sync;

impl Sources {
    /// Sources whose secrets are in the environment of the process. Each keeps the rate limit of its spec alone: another
    /// executor does not know of its requests.
    pub fn of_environment() -> Self {
        Self::built_by(|_, builder| builder.build())
    }

    /// Sources that this function makes, each once. The builder has the plan and the settings of the query; secrets come
    /// from the environment, unless it is given them.
    ///
    /// ```
    /// use rest_source::permits::{RateLimiting, Share};
    /// use rest_source_ballista::Sources;
    ///
    /// // The first of four executors, each with a quarter of the limit.
    /// let share = Share::new(0, 4)?;
    /// let sources = Sources::built_by(move |_, builder| {
    ///     builder.rate_limiting(RateLimiting::Share(share)).build()
    /// });
    /// # Ok::<(), rest_source::Error>(())
    /// ```
    pub fn built_by(
        build: impl Fn(&SourcePlan, Builder<Client>) -> Result<Client> + Send + Sync + 'static,
    ) -> Self {
        Self {
            build: Box::new(build),
            clients: Mutex::default(),
        }
    }

    /// The client of a plan. It is made once.
    pub(crate) fn client(
        &self,
        id: &str,
        plan: &Ref<SourcePlan>,
        settings: &[(String, String)],
    ) -> Result<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(id) {
            return Ok(client.clone());
        }
        let own_settings: Vec<String> = plan.config.iter().map(|one| one.env.to_string()).collect();
        let builder = Client::builder(plan.clone()).variables(move |name| {
            // The settings are those of the query, also the ones that it leaves out.
            let is_setting = own_settings.iter().any(|setting| setting == name);
            env::var(name).ok().filter(|_| !is_setting)
        });
        let builder = settings.iter().fold(builder, |builder, (name, value)| {
            builder.setting(name, value)
        });
        let client = (self.build)(plan, builder)?;
        clients.insert(id.to_owned(), client.clone());
        Ok(client)
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sources")
    }
}
