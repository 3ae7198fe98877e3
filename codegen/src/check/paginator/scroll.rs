//! The requests of a scroll that differ from its first: for the next pages, and to end it.

use crate::check::Check;
use crate::check::job::OtherRequest;
use crate::connector::{Body, JsonPlan, Method, Part, Ref, ResourcePlan, Slot};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::endpoint;
use crate::grammar::{
    self, AnyKey, Context, DefaultKey, Key, Shape, Word, Words, key, word, word_of,
};
use crate::spec::{Text, View};
use crate::yaml::Node;

use super::Placeholders;

pub(crate) static CONTINUE: Key = key(
    "continue",
    Shape::Map(&CONTINUE_REQUEST),
    "the request for a page past the first, where it differs from that for the first",
);
pub(crate) static CLEAR: Key = key(
    "clear",
    Shape::Map(&CLEAR_REQUEST),
    "the request that ends the scroll after the last page",
);

static CONTINUE_REQUEST: Context = Context {
    name: "`continue`",
    keys: &[
        &PATH,
        &CONTINUE_METHOD,
        &endpoint::BODY_ON_GET,
        &endpoint::PARAMS,
        &endpoint::HEADERS,
        &endpoint::JSON,
        &endpoint::DATA,
    ],
};
static CLEAR_REQUEST: Context = Context {
    name: "`clear`",
    keys: &[
        &PATH,
        &CLEAR_METHOD,
        &endpoint::PARAMS,
        &endpoint::HEADERS,
        &endpoint::JSON,
        &endpoint::DATA,
    ],
};
static PATH: Key = key("path", Shape::Template, "joined to the base URL").required();
static CONTINUE_METHOD: Key<Method> =
    word_of("method", "the method").remark("that of the endpoint");
static CLEAR_METHOD: DefaultKey<ClearMethod> =
    word_of("method", "the method").or(ClearMethod(Method::Delete));

/// The method of a request that ends a scroll.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ClearMethod(Method);

impl Words for ClearMethod {
    const WORDS: &'static [(Word, Self)] = &[
        (word("DELETE", "DELETE"), Self(Method::Delete)),
        (word("POST", "POST"), Self(Method::Post)),
        (word("PUT", "PUT"), Self(Method::Put)),
    ];
}

/// The further requests of a scroll.
#[derive(Default)]
pub(in crate::check) struct ScrollRequests {
    next: Option<ScrollRequest>,
    clear: Option<ScrollRequest>,
}

struct ScrollRequest {
    plan: Ref<ResourcePlan>,
    key: &'static str,
    span: Span,
    /// Whether a placeholder has the id.
    has_id: bool,
}

impl ScrollRequests {
    /// Whether the first request alone has no id.
    pub(super) fn has_next(&self) -> bool {
        self.next.is_some()
    }

    pub(super) fn next(&self) -> Option<Ref<ResourcePlan>> {
        self.next.as_ref().map(|request| request.plan.clone())
    }

    pub(super) fn clear(&self) -> Option<Ref<ResourcePlan>> {
        self.clear.as_ref().map(|request| request.plan.clone())
    }
}

impl Check<'_> {
    /// The further requests of the paginator of a resource, if it is a scroll.
    pub(in crate::check) fn scroll_requests(
        &mut self,
        paginator: Option<&Node>,
        endpoint: &View<'_>,
        name: Text<'_>,
    ) -> ScrollRequests {
        let Some(node) = paginator else {
            return ScrollRequests::default();
        };
        let Some((member, view)) = View::tagged(node, &grammar::PAGINATOR) else {
            return ScrollRequests::default();
        };
        if member.word.name != "scroll" {
            return ScrollRequests::default();
        }
        let next = view.view(&CONTINUE, &CONTINUE_REQUEST).map(|request| {
            let method = request.get(&CONTINUE_METHOD);
            let method = method.unwrap_or_else(|| endpoint.get(&endpoint::METHOD));
            let place = view.place(&CONTINUE);
            self.scroll_request((endpoint, &request), method, name, (node, &CONTINUE, place))
        });
        let clear = view.view(&CLEAR, &CLEAR_REQUEST).map(|request| {
            let ClearMethod(method) = request.get(&CLEAR_METHOD);
            let place = view.place(&CLEAR);
            self.scroll_request((endpoint, &request), method, name, (node, &CLEAR, place))
        });
        ScrollRequests { next, clear }
    }

    fn scroll_request(
        &mut self,
        (endpoint, request): (&View<'_>, &View<'_>),
        method: Method,
        name: Text<'_>,
        (paginator, key, span): (&Node, &dyn AnyKey, &Span),
    ) -> ScrollRequest {
        let of_endpoint = self.pages.take();
        self.pages = Placeholders::of(paginator);
        let read: OtherRequest = self.other_request(endpoint, request, method, name);
        let has_id = self.has_placeholder(&Part::Position);
        self.pages = of_endpoint;
        ScrollRequest {
            plan: read.into_plan(name, self.line(span)).into(),
            key: key.name,
            span: span.clone(),
            has_id,
        }
    }

    /// Whether every further request of a scroll has its id, by a placeholder or where the paginator sends it.
    pub(super) fn scroll_id_is_sent(&mut self, requests: &ScrollRequests, slot: &Slot) {
        for request in [&requests.next, &requests.clear].into_iter().flatten() {
            let has_fields = matches!(
                request.plan.body,
                Body::Json(JsonPlan::Object(_)) | Body::Form(_)
            );
            let (is_sent, help) = match slot {
                Slot::Placeholder => (false, "put `{paginator.scroll_id}` into it"),
                Slot::Body(_) => (
                    has_fields,
                    "give it a body, `json: {}`, or put `{paginator.scroll_id}` into it",
                ),
                Slot::Query(_) | Slot::Header(_) => (true, ""),
            };
            if !request.has_id && !is_sent {
                let message = format!("`{}` does not send the id of the scroll", request.key);
                self.error(Diagnostic::error("RS0860", &request.span, message).help(help));
            }
        }
    }
}
