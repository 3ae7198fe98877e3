//! Failures that other resources of the source would repeat: invalid credentials, an unreachable origin.

use rest_source::{Client, Error, ErrorKind, plan::ResourcePlan, shared::Ref};

use crate::report::Reason;

/// Consecutive failures after which the other resources are skipped. A single one may concern its resource only.
const THRESHOLD: usize = 2;

/// Consecutive failures, by what the resources share.
pub(crate) struct SharedFailures<'a> {
    client: &'a Client,
    /// A resource for each failing set of credentials.
    credentials: Vec<(Ref<ResourcePlan>, usize)>,
    origins: Vec<(String, usize)>,
}

impl<'a> SharedFailures<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self {
            client,
            credentials: Vec::new(),
            origins: Vec::new(),
        }
    }

    /// Why a resource is not tried, if it would fail too.
    pub(crate) fn reason(&self, resource: &ResourcePlan) -> Option<Reason> {
        let is_shared = |(failed, count): &(Ref<ResourcePlan>, usize)| {
            *count >= THRESHOLD && self.client.share_credentials(failed, resource)
        };
        if self.credentials.iter().any(is_shared) {
            return Some(Reason::Credentials);
        }
        let origin = self.client.origin(resource);
        let mut origins = self.origins.iter();
        let is_down = origins.any(|(failed, count)| *count >= THRESHOLD && *failed == origin);
        is_down.then_some(Reason::Origin(origin))
    }

    /// How many resources may fail at the same time before the others are not tried. At least one.
    pub(crate) fn before_threshold(&self) -> usize {
        let credentials = self.credentials.iter().map(|(_, count)| *count);
        let origins = self.origins.iter().map(|(_, count)| *count);
        let most = credentials.chain(origins).max().unwrap_or_default();
        THRESHOLD.saturating_sub(most).max(1)
    }

    /// Resets the counts of what a successful resource uses.
    pub(crate) fn succeeded(&mut self, resource: &ResourcePlan) {
        let client = self.client;
        self.credentials
            .retain(|(failed, _)| !client.share_credentials(failed, resource));
        let origin = client.origin(resource);
        self.origins.retain(|(failed, _)| *failed != origin);
    }

    /// Counts the failure of a resource, or of the parent that the error names.
    pub(crate) fn failed(&mut self, resource: &Ref<ResourcePlan>, error: &Error) {
        if error.report().is_some_and(|report| report.pages > 0) {
            self.succeeded(resource);
        }
        let mut resources = self.client.plan().resources.iter();
        let named = resources.find(|one| Some(one.name.as_str()) == error.resource());
        let resource = named.unwrap_or(resource);
        match error.kind() {
            ErrorKind::Auth => {
                let client = self.client;
                let is_shared = |one: &&mut (Ref<ResourcePlan>, usize)| {
                    client.share_credentials(&one.0, resource)
                };
                match self.credentials.iter_mut().find(is_shared) {
                    Some((_, count)) => *count += 1,
                    None => self.credentials.push((resource.clone(), 1)),
                }
            }
            ErrorKind::Transport | ErrorKind::RateLimit { .. } => {
                let origin = self.client.origin(resource);
                match self.origins.iter_mut().find(|(one, _)| *one == origin) {
                    Some((_, count)) => *count += 1,
                    None => self.origins.push((origin, 1)),
                }
            }
            _ => {}
        }
    }
}
