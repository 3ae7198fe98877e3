//! What an API in memory has and how it behaves, until it is started.

use std::{sync::Mutex, time::Duration};

use rest_source::{
    __private::mock::{ManualClock, Redactor, Scope, Settings},
    Result, Secret,
    plan::{ResourcePlan, SourcePlan},
    shared::Ref,
};

use crate::{
    Handler, Judge,
    access::Access,
    data::{Data, Given},
    fault::Fault,
    job::Jobs,
    page::Paging,
    route::Route,
    server::{Pages, Resource, Server, State, unknown_resource},
    tokens::Tokens,
};

#[derive(Default)]
pub(crate) struct Setup {
    pub(crate) given: Vec<Given>,
    pub(crate) answers: Vec<(String, Handler)>,
    pub(crate) otherwise: Option<Handler>,
    pub(crate) authorize: Option<Judge>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) page_size: Option<u64>,
    pub(crate) token_life: Option<Duration>,
}

impl Setup {
    /// # Errors
    ///
    /// When a record does not fit the spec, and when a resource does not exist or cannot be mocked from the spec
    /// alone.
    pub(crate) fn start(self, plan: &Ref<SourcePlan>, settings: Settings) -> Result<Server> {
        let scope = scope(plan, &settings);
        let mut answers = self.answers;
        let resources = plan.resources.iter().map(|resource| {
            let answer = answers.iter().rposition(|(name, _)| *name == resource.name);
            let answer = answer.map(|at| answers.swap_remove(at).1);
            started(plan, resource, (&settings, scope), answer, self.page_size)
        });
        let resources = resources.collect::<Result<_>>()?;
        if let Some((name, _)) = answers.first() {
            return Err(unknown_resource(plan, name));
        }
        let server = Server {
            plan: plan.clone(),
            tokens: Tokens::new(plan, &settings, scope, self.token_life)?,
            redactor: Redactor::new(settings.secrets.iter().map(Secret::expose)).of_plan(plan),
            settings,
            resources,
            authorize: self.authorize,
            otherwise: self.otherwise,
            clock: ManualClock::default(),
            state: Mutex::new(State::default()),
        };
        for given in self.given {
            server.add(given)?;
        }
        for fault in self.faults {
            server.fault(fault)?;
        }
        Ok(server)
    }
}

/// What the templates of a plan may name: secrets and settings.
pub(crate) fn scope<'a>(plan: &'a SourcePlan, settings: &'a Settings) -> Scope<'a> {
    Scope {
        secrets: &settings.secrets,
        config: &settings.config,
        settings: &plan.config,
        ..Scope::EMPTY
    }
}

/// A resource without records, whose pages are cut from them, or come from a handler.
fn started(
    plan: &Ref<SourcePlan>,
    resource: &Ref<ResourcePlan>,
    (settings, scope): (&Settings, Scope<'_>),
    answer: Option<Handler>,
    page_size: Option<u64>,
) -> Result<Resource> {
    let auth = plan.auth_of(resource, settings.choice);
    let pages = match answer {
        Some(answer) => Pages::Handled(answer),
        None => match Paging::new(resource, auth, page_size) {
            Ok(paging) => Pages::Cut(Box::new(paging)),
            Err(error) => Pages::Unknown(error),
        },
    };
    let route = Route::new(plan, resource, settings)?;
    let of_scroll = |request: Option<&Ref<ResourcePlan>>| {
        request
            .map(|request| Route::of_request(plan, resource, request, settings))
            .transpose()
    };
    Ok(Resource {
        plan: resource.clone(),
        jobs: Jobs::new(plan, resource, settings, &route)?,
        root: (resource.root())
            .map(|root| Route::of_request(plan, resource, &root, settings))
            .transpose()?,
        next: of_scroll(resource.paginator.next_request.as_ref())?,
        clear: of_scroll(resource.paginator.clear_request.as_ref())?,
        route,
        access: Access::new(auth, scope)?,
        pages,
        data: Mutex::new(Data::new(resource, &plan.spec)),
    })
}
