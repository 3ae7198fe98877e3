//! What follows the last page: the pages from the last cursor on, or the end of a scroll.

use super::Fetching;
use crate::{
    Completeness, Result,
    exchange::Failure,
    fetch::{
        FetchSpec,
        attempt::{page_values, scroll_request},
    },
    http_context::Opened,
    paginator::{Paginate, Position},
    plan::{AtMaximum, ResourcePlan},
    template::{Bounds, Scope},
};

impl Fetching<'_> {
    /// What to request after a maximum of the spec, if the pages go on at the last cursor.
    pub(super) fn restart(
        &mut self,
        spec: &FetchSpec,
        reason: &str,
        part: &Completeness,
    ) -> Result<Option<Bounds>> {
        let restarts = spec.resource.paginator.at_maximum == AtMaximum::Restart;
        if !restarts || !part.is_bounded() || part.is_limited_by_caller() {
            return Ok(None);
        }
        let (cursor, bounds) = self.filter.restart()?;
        let note = format!("{reason}: the pages started again at the cursor {cursor}");
        self.report.lock().note(note);
        Ok(Some(bounds))
    }

    /// Ends a scroll. That it fails is noted and no more: the API ends it by itself, later.
    pub(super) async fn clear(
        &mut self,
        spec: &FetchSpec,
        request: &ResourcePlan,
        paginator: &dyn Paginate,
        id: &Position,
        bounds: &Bounds,
    ) {
        let client = &spec.client;
        let scope = Scope {
            page: &page_values(paginator, id),
            ..spec.scope(bounds)
        };
        let draft = match scroll_request(client, request, paginator, id, scope) {
            Ok(draft) => draft,
            Err(error) => return self.not_cleared(error.message()),
        };
        let mut permit = client.permit(&spec.resource).await;
        let exchanged = client.exchange(&mut permit, &spec.resource, &draft).await;
        self.waited += permit.waited;
        self.further += permit.requests;
        self.count();
        let shown = permit.shown(&draft);
        match exchanged {
            Ok(Opened { response, .. }) if (200..=299).contains(&response.status) => {}
            Ok(Opened { response, .. }) => {
                self.not_cleared(&format!("{shown} answered {}", response.status));
            }
            Err(Failure::Throttled(_)) => self.not_cleared(&format!(
                "{shown} was not sent: the API wants to be left alone"
            )),
            Err(Failure::Transient(error)) => {
                let error = client.redact(&error.message);
                self.not_cleared(&format!("{shown} failed: {error}"));
            }
            Err(Failure::Fatal(error)) => {
                self.not_cleared(&format!("{shown} failed: {}", error.message()));
            }
        }
    }

    fn not_cleared(&self, why: &str) {
        self.report
            .lock()
            .note(format!("the scroll was not cleared: {why}"));
    }
}
