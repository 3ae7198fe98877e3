//! The Rust behind the names of a plan: credentials, paginators, decoders, and functions of responses, partitions and records.

mod decoder;
mod functions;

use std::{fmt, sync::Arc};

pub use self::decoder::{DecodeBody, DecoderHook, RecordSink};
pub(crate) use self::functions::Named;
pub use self::functions::{
    ExtractHook, IntoPage, IntoPartitions, IntoVerdict, PartitionsHook, ResponseHook,
};
pub use crate::actions::Verdict;
pub use crate::steps::{Filters, StepFn, Steps, StepsHook};
use crate::{
    Error, ErrorKind, Result, Rows,
    auth::{Authenticate, Custom, Given},
    decode::{PageShape, Probes, decode_page},
    paginator::{Paginate, built_in},
    plan::{BodyFormat, Paginator, ResourcePlan},
    shared::Text,
    transport::Response,
};

/// Any error of a user's function.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What the Rust names of a plan stand for.
///
/// A plan is data. Where its spec says `rust: crate::ByDay`, the plan has that text, and this table has the
/// value. A generated `Source` brings its own; a client of a plan that is known only at run time is given one by
/// [`Builder::hooks`](crate::Builder::hooks). A resource that names what the table lacks is an error of
/// [`ErrorKind::Config`] when it is fetched, credentials when the source is made.
///
/// ```
/// use rest_source::hooks::{Filters, Hooks, StepsHook};
/// use rest_source::Json;
///
/// /// For `processing_steps: [{ filter: crate::is_real }]` of the resource `events`.
/// static HOOKS: Hooks = Hooks {
///     steps: &[("events", StepsHook::filters(&Filters::<Json>(&[|event| event["kind"] != "test"])))],
///     ..Hooks::NONE
/// };
/// ```
#[derive(Clone, Copy)]
pub struct Hooks {
    /// Credentials, by the path of their type.
    pub auths: &'static [(&'static str, AuthHook)],
    /// Paginators, by their path.
    pub paginators: &'static [(&'static str, &'static dyn Paginate)],
    /// Decoders of bodies, by the path of their type.
    pub decoders: &'static [(&'static str, DecoderHook)],
    /// Functions that make pages of responses, by their path.
    pub extracts: &'static [(&'static str, ExtractHook)],
    /// Functions that decide what responses mean, by their path.
    pub responses: &'static [(&'static str, ResponseHook)],
    /// Functions that find the values of partitions, by their path.
    pub partitions: &'static [(&'static str, PartitionsHook)],
    /// Functions that records go through, by the name of the resource.
    pub steps: &'static [(&'static str, StepsHook)],
}

impl Hooks {
    /// None.
    pub const NONE: Self = Self {
        auths: &[],
        paginators: &[],
        decoders: &[],
        extracts: &[],
        responses: &[],
        partitions: &[],
        steps: &[],
    };

    /// Makes the credentials of the type at this path.
    pub(crate) fn auth(&self, path: &str, given: &Given) -> Result<Box<dyn Authenticate>> {
        let AuthHook(make) = find(self.auths, path).ok_or_else(|| missing(path))?;
        make(given)
    }

    /// The paginator of this plan.
    ///
    /// # Errors
    ///
    /// Where it is one of the user's own that the hooks lack.
    pub(crate) fn paginator(&self, plan: &Paginator) -> Result<Arc<dyn Paginate>> {
        built_in(plan).or_else(|path| {
            let paginator = find(self.paginators, &path).ok_or_else(|| missing(&path))?;
            Ok(Arc::new(paginator) as Arc<dyn Paginate>)
        })
    }

    /// The decoder of the bodies of a resource; none where its plan names none.
    pub(crate) fn decoder(&self, resource: &ResourcePlan) -> Result<Option<Named<DecoderHook>>> {
        match &resource.decoder.format {
            BodyFormat::Custom(path) => named(self.decoders, path).map(Some),
            _ => Ok(None),
        }
    }

    /// The function that makes the pages of a resource; none where its plan names none.
    pub(crate) fn extract(&self, resource: &ResourcePlan) -> Result<Option<Named<ExtractHook>>> {
        let path = resource.extract.as_ref();
        path.map(|path| named(self.extracts, path)).transpose()
    }

    /// The function that decides what the responses of a resource mean; none where its plan names none.
    pub(crate) fn response(&self, resource: &ResourcePlan) -> Result<Option<Named<ResponseHook>>> {
        let path = resource.on_response.as_ref();
        path.map(|path| named(self.responses, path)).transpose()
    }

    /// The function at this path that finds the values of partitions.
    pub(crate) fn partitions(&self, path: &Text) -> Result<Named<PartitionsHook>> {
        named(self.partitions, path)
    }

    /// The functions that the records of a resource go through; none where its plan names none.
    pub(crate) fn steps(&self, resource: &ResourcePlan) -> Result<Option<StepsHook>> {
        let Some(first) = resource.processing_steps.first() else {
            return Ok(None);
        };
        let steps = find(self.steps, &resource.name);
        steps.map(Some).ok_or_else(|| missing(first.path()))
    }
}

impl Default for Hooks {
    fn default() -> Self {
        Self::NONE
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("auths", &Names(self.auths))
            .field("paginators", &Names(self.paginators))
            .field("decoders", &Names(self.decoders))
            .field("extracts", &Names(self.extracts))
            .field("responses", &Names(self.responses))
            .field("partitions", &Names(self.partitions))
            .field("steps", &Names(self.steps))
            .finish()
    }
}

/// How credentials of a type of the user's own are made.
#[derive(Clone, Copy)]
pub struct AuthHook(fn(&Given) -> Result<Box<dyn Authenticate>>);

impl AuthHook {
    /// Of this type.
    pub const fn of<A: Custom>() -> Self {
        Self(|given| Ok(Box::new(A::new(given)?)))
    }
}

impl fmt::Debug for AuthHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthHook")
    }
}

impl Rows {
    /// The rows of a response of this resource, before any `processing_steps`: as
    /// [`from_page`](Self::from_page), also where an `extract` function or a decoder reads the bodies. `hooks` are those of the
    /// source: [`Connector::hooks`](crate::Connector::hooks).
    ///
    /// # Errors
    ///
    /// Those of [`from_page`](Self::from_page), of the function and of the decoder;
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where the hooks lack it.
    pub fn from_response(
        response: Response,
        resource: &ResourcePlan,
        hooks: &Hooks,
    ) -> Result<Self> {
        let Some(extract) = hooks.extract(resource)? else {
            return Self::from_body(response.body, resource, hooks);
        };
        let page = extract.call(&response)?;
        let (table, spec) = (resource.table.clone(), Text::of("the schema"));
        let shape = PageShape::new(resource, table, &Probes::default(), &spec)?;
        let decoded = decode_page(page, &response.headers, &shape)?;
        match decoded.failure {
            Some(error) => Err(error),
            None => Ok(decoded.rows),
        }
    }

    /// What the `processing_steps` of this resource make of them. `hooks` are those of its source:
    /// [`Connector::hooks`](crate::Connector::hooks).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Record`](crate::ErrorKind::Record) where a step makes a record that does not fit,
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where the hooks lack the resource's steps.
    pub fn processed(self, resource: &ResourcePlan, hooks: &Hooks) -> Result<Self> {
        let Some(steps) = hooks.steps(resource)? else {
            return Ok(self);
        };
        let processed = steps.run(self, None);
        match processed.failure {
            Some(error) => Err(error),
            None => Ok(processed.left),
        }
    }
}

/// The names of a table, for `Debug`.
struct Names<T: 'static>(&'static [(&'static str, T)]);

impl<T> fmt::Debug for Names<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

fn find<T: Copy>(hooks: &[(&str, T)], name: &str) -> Option<T> {
    let mut hooks = hooks.iter();
    hooks.find(|(of, _)| *of == name).map(|(_, hook)| *hook)
}

fn named<H: Copy>(hooks: &[(&str, H)], path: &Text) -> Result<Named<H>> {
    let hook = find(hooks, path).ok_or_else(|| missing(path))?;
    let path = path.clone();
    Ok(Named { path, hook })
}

fn missing(path: &str) -> Error {
    let message = format!("the client has no `{path}`, which the plan names");
    Error::new(ErrorKind::Config, message).with_help(
        "connect by the generated `Source`, or give `Client::builder` the plan's `hooks`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{Pages, ProcessingStep},
        shared::{Ref::Static, list},
    };

    #[test]
    fn what_the_table_lacks_is_an_error_that_names_it() {
        let resource = ResourcePlan {
            processing_steps: list![ProcessingStep::Filter(Static("crate::is_real"))],
            ..ResourcePlan::DEFAULT
        };
        let missing = Hooks::NONE.steps(&resource).unwrap_err().to_string();
        assert!(missing.contains("`crate::is_real`"), "{missing}");
        assert!(Hooks::NONE.steps(&ResourcePlan::DEFAULT).unwrap().is_none());
        let custom = Paginator {
            kind: Pages::Custom {
                rust: Static("crate::ByDay"),
            },
            ..Paginator::DEFAULT
        };
        let Err(missing) = Hooks::NONE.paginator(&custom) else {
            panic!("there is none")
        };
        assert!(missing.to_string().contains("`crate::ByDay`"), "{missing}");
    }
}
