//! What goes wrong, and with which requests.

use std::time::Duration;

use rest_source::{
    plan::SourcePlan,
    transport::{Response, TransportError, TransportErrorKind},
};

use crate::page::refusal;

/// Something that goes wrong, with the next request for data unless it says otherwise.
///
/// Several of them happen one after another, in the order in which they were given.
///
/// ```
/// use std::time::Duration;
/// use rest_source_mock::Fault;
///
/// let busy = Fault::status(429).retry_after(Duration::from_secs(7));
/// let down = Fault::status(503).times(4).on("stories");
/// let cut_off = Fault::truncated().after(2);
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    what: What,
    target: Target,
    after: u64,
    times: u64,
}

#[derive(Clone, Debug)]
enum What {
    Answer(Response),
    Failure(TransportErrorKind, &'static str),
}

/// The requests that a fault is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Those for data.
    Data,
    /// Those for the data of this resource.
    Resource(String),
    /// Those for tokens.
    Token,
}

impl Fault {
    fn new(what: What) -> Self {
        Self {
            what,
            target: Target::Data,
            after: 0,
            times: 1,
        }
    }

    fn failure(kind: TransportErrorKind, message: &'static str) -> Self {
        Self::new(What::Failure(kind, message))
    }

    /// This status in place of an answer.
    pub fn status(status: u16) -> Self {
        let message = format!("the mock was told to answer {status}");
        Self::new(What::Answer(refusal(status, &message)))
    }

    /// The connection is reset before there is a response.
    pub fn reset() -> Self {
        Self::failure(TransportErrorKind::Interrupted, "the connection was reset")
    }

    /// The connection ends in the middle of the response.
    pub fn truncated() -> Self {
        let message = "the connection ended before the response did";
        Self::failure(TransportErrorKind::Interrupted, message)
    }

    /// There is no connection: the server is down.
    pub fn unreachable() -> Self {
        Self::failure(TransportErrorKind::Connect, "the connection was refused")
    }

    /// There is no whole response within the time that a request may take.
    pub fn timeout() -> Self {
        Self::failure(TransportErrorKind::Timeout, "no whole response in time")
    }

    /// With this header in place of any of its name, where it is a response.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let What::Answer(response) = &mut self.what {
            response.headers.set(name, value);
        }
        self
    }

    /// With a `Retry-After` of so many whole seconds, at least, where it is a response.
    pub fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.header("Retry-After", seconds.to_string())
    }

    /// With this body, as it is, where it is a response: `Fault::status(200).body("<html>…")`.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        if let What::Answer(response) = &mut self.what {
            response.body = body.into();
        }
        self
    }

    /// So many times.
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    /// Not with the next requests, so many of those that it is for.
    pub fn after(mut self, requests: u64) -> Self {
        self.after = requests;
        self
    }

    /// With requests for this resource alone.
    pub fn on(mut self, resource: impl Into<String>) -> Self {
        self.target = Target::Resource(resource.into());
        self
    }

    /// With requests for tokens alone.
    pub fn on_token(mut self) -> Self {
        self.target = Target::Token;
        self
    }

    /// The resource that it is for, where the plan has none of that name.
    pub(crate) fn unknown_resource(&self, plan: &SourcePlan) -> Option<&str> {
        match &self.target {
            Target::Resource(name) if plan.resources.iter().all(|known| known.name != *name) => {
                Some(name)
            }
            _ => None,
        }
    }

    fn is_for(&self, asked: &Target) -> bool {
        self.target == *asked
            || (self.target == Target::Data && matches!(asked, Target::Resource(_)))
    }

    /// What comes of a request that it happens to.
    pub(crate) fn happen(self) -> Result<Response, TransportError> {
        match self.what {
            What::Answer(response) => Ok(response),
            What::Failure(kind, message) => Err(TransportError::new(kind, message)),
        }
    }
}

/// Counts a request and gives what goes wrong with it, if anything.
pub(crate) fn due(faults: &mut Vec<Fault>, asked: &Target) -> Option<Fault> {
    let mut due = None;
    for fault in faults.iter_mut().filter(|fault| fault.is_for(asked)) {
        if fault.after > 0 {
            fault.after -= 1;
        } else if due.is_none() && fault.times > 0 {
            fault.times -= 1;
            due = Some(fault.clone());
        }
    }
    faults.retain(|fault| fault.times > 0);
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The statuses that requests for these targets get, 0 where nothing goes wrong.
    fn statuses(mut faults: Vec<Fault>, targets: &[Target]) -> Vec<u16> {
        let status = |target| match due(&mut faults, target).map(|fault| fault.what) {
            Some(What::Answer(response)) => response.status,
            _ => 0,
        };
        targets.iter().map(status).collect()
    }

    #[test]
    fn faults_happen_one_after_another() {
        let faults = vec![Fault::status(429), Fault::status(503).times(2)];
        let requests = vec![Target::Resource("a".into()); 4];
        assert_eq!(statuses(faults, &requests), [429, 503, 503, 0]);
    }

    #[test]
    fn a_fault_happens_to_the_nth_of_its_own_requests() {
        let faults = vec![
            Fault::status(500).on("a").after(1),
            Fault::status(401).on_token(),
            Fault::status(404).times(0),
        ];
        let (a, b) = (Target::Resource("a".into()), Target::Resource("b".into()));
        let requests = [
            b.clone(),
            a.clone(),
            Target::Token,
            a.clone(),
            a,
            b,
            Target::Token,
        ];
        assert_eq!(statuses(faults, &requests), [0, 0, 401, 500, 0, 0, 0]);
    }
}
