//! The lock of resources: whether a load waits for another one.

use std::time::Duration;

use rest_source_load::{Destination, Loading, Waiting};

use crate::{
    budget::duration,
    console::Console,
    context::Context,
    destination::{self, To},
    error::{CommandError, Exit},
};

/// How often a command tries again to open a destination that another process has open.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// Whether a load waits for another one.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct LockOptions {
    /// Wait if another process loads the same resource into the destination, for so long, such as `10m`, or without a
    /// limit. Without it, the command exits with 5 at once
    #[arg(long, value_name = "DURATION", num_args = 0..=1, value_parser = duration)]
    #[expect(
        clippy::option_option,
        reason = "the flag without a value has no limit"
    )]
    pub(crate) wait: Option<Option<Duration>>,
    /// Do not lock the resources, where the destination cannot hold a lock, such as behind a pooler of Postgres
    /// connections. Start no second load of a resource then
    #[arg(long, conflicts_with = "wait")]
    pub(crate) no_lock: bool,
}

impl LockOptions {
    /// The longest wait.
    fn most(&self) -> Duration {
        match self.wait {
            Some(most) => most.unwrap_or(Duration::MAX),
            None => Duration::ZERO,
        }
    }

    /// How long to wait, and where to say so.
    pub(crate) fn waiting<'a>(&self, console: &'a Console) -> Waiting<'a> {
        Waiting::new(self.most(), |what| console.say(what))
    }

    /// Passes the options to a load.
    pub(crate) fn apply<'a, D: Destination + ?Sized>(
        &self,
        loading: Loading<'a, D>,
        console: &'a Console,
    ) -> Loading<'a, D> {
        if self.no_lock {
            return loading.no_lock();
        }
        loading.wait(self.most(), |what| console.say(what))
    }

    /// Opens a destination. A database that one process at a time may open is waited for.
    pub(crate) async fn open(
        &self,
        to: &To,
        schema: Option<&String>,
        context: &Context,
    ) -> Result<Box<dyn Destination>, CommandError> {
        let begun = std::time::Instant::now();
        let mut is_told = false;
        loop {
            let opened = destination::open(to.clone(), schema.cloned(), context).await;
            let left = self.most().saturating_sub(begun.elapsed());
            match opened {
                Err(error) if error.exit() == Exit::Locked && !left.is_zero() => {
                    if !std::mem::replace(&mut is_told, true) {
                        context
                            .console
                            .say("waiting: another process has the database open");
                    }
                    tokio::time::sleep(TRY_AGAIN.min(left)).await;
                }
                opened => return opened,
            }
        }
    }
}
