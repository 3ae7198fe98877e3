//! Binds the states of a fetch to its request.

use std::{cmp::Ordering, sync::Arc};

use super::FetchSpec;
use crate::{
    Error, ErrorKind, Result, Scalar, incremental,
    state::{Origin, Start},
};

impl FetchSpec {
    /// The origin of the states of this fetch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] where the state it starts from belongs to another request.
    pub(super) fn origin(&self) -> Result<Origin> {
        let request = self.client.fingerprint(&self.resource);
        let ends = self.range_ends();
        let initial = ends.from.or(ends.initial);
        let Some(since) = &self.since else {
            return Ok(Origin {
                request: Arc::new(request),
                start: initial.map_or(Start::Beginning, |value| Start::At(value.to_string())),
            });
        };
        let differences = since.request().differences(&request);
        // A state of another resource is rejected where it is resumed, with or without `keep_state`.
        let is_of_resource = *since.resource() == *self.resource.name;
        if is_of_resource && !differences.is_empty() && !self.keep_state {
            let message = "the state was saved for another request";
            let error =
                Error::new(ErrorKind::State, message).with_resource(self.resource.name.clone());
            let error = differences.into_iter().fold(error, Error::with_detail);
            return Err(error.with_help(
                "use a state for each request; or, if both requests return the same records, accept this one by \
                 `--keep-state` or `keep_state()`",
            ));
        }
        Ok(Origin {
            request: Arc::new(request),
            start: since.origin.start.clone(),
        })
    }

    /// The start that the state has once the fetch is complete, if it fetches the records before the state's start:
    /// from an earlier start up to there.
    pub(super) fn earlier_start(&self) -> Option<Start> {
        let Start::At(start) = &self.since.as_ref()?.origin.start else {
            return None;
        };
        let (_, column) = incremental::cursor(&self.resource)?;
        let start = Scalar::read(&column.data_type, start).ok().flatten()?;
        let range = incremental::range(self.incremental(), self.parent.as_ref()).ok()??;
        let reaches = range
            .end
            .as_ref()
            .is_none_or(|end| end.compare(start.as_value()).is_some_and(Ordering::is_ge));
        let from = range.from?;
        let is_earlier = from.compare(start.as_value()) == Some(Ordering::Less);
        (is_earlier && reaches).then(|| Start::At(from.to_string()))
    }

    /// A note, if the `initial_value` is before the first start of the state: the records between them were
    /// never fetched.
    pub(super) fn gap(&self) -> Option<String> {
        let start = &self.since.as_ref()?.origin.start;
        let Start::At(start) = start else {
            return None;
        };
        let (_, column) = incremental::cursor(&self.resource)?;
        let read = |text| Scalar::read(&column.data_type, text).ok().flatten();
        let initial = self.range_ends().initial.map(|value| value.to_string());
        let from = match &initial {
            None => "there is no `initial_value`".to_owned(),
            Some(initial) => {
                let earlier = read(initial)?.compare(read(start)?.as_value());
                if earlier != Some(Ordering::Less) {
                    return None;
                }
                format!("`initial_value` is now `{initial}`")
            }
        };
        Some(format!(
            "{from}, but the state began at `{start}`: records of `{}` before that were not fetched; a \
             full refresh (`--full-refresh` of `load`, `full_refresh()`) fetches them",
            column.name
        ))
    }
}
