//! An API in memory, for tests of your own code: it behaves as the spec says, without a network.
//!
//! Every source has one, [`Source::mock()`](Mocked::mock). A test gives it records, and says what goes
//! wrong; it pages, filters, asks for credentials and issues tokens by the same constants that the
//! source is run by, and no wait takes any time.
//!
//! ```
//! use std::time::Duration;
//!
//! use rest_source_mock::{Fault, Mocked, json};
//!
//! # mod media {
//! #     use rest_source::{
//! #         Cells, Client, Column, Connector, Fetch, Path, Record, Table, Type,
//! #         plan::{Offset, Pages, Paginator, Part, ResourcePlan, Selector, SourcePlan, Template},
//! #         shared::{Ref, list},
//! #     };
//! #     pub struct Stories { pub views: i64 }
//! #     impl Record for Stories {
//! #         const TABLE: &'static Table =
//! #             &Table::new("stories", list![Column::new("views", Type::Bigint)]);
//! #         fn from_cells(cells: &mut Cells<'_>) -> Self { Self { views: cells.take() } }
//! #     }
//! #     fn stories() -> ResourcePlan { ResourcePlan {
//! #         name: "stories".into(),
//! #         table: Stories::TABLE.into(),
//! #         path: Template(list![Part::Text(Ref::of("/v1/stories"))]),
//! #         paginator: Paginator::new(Pages::Offset(Offset::new(100))),
//! #         selector: Selector::Path(Path::of(["data"])),
//! #         ..ResourcePlan::DEFAULT
//! #     } }
//! #     pub struct Source(Client);
//! #     impl Source {
//! #         pub fn stories(&self) -> Fetch<Stories> { self.0.fetch(stories()) }
//! #     }
//! #     impl Connector for Source {
//! #         fn plan() -> Ref<SourcePlan> {
//! #             SourcePlan {
//! #                 name: "media".into(),
//! #                 base_url: Template(list![Part::Text(Ref::of("https://api.example.com"))]),
//! #                 resources: vec![stories().into()].into(),
//! #                 ..SourcePlan::DEFAULT
//! #             }.into()
//! #         }
//! #         type Secrets = ();
//! #         type Config = ();
//! #         fn from_client(client: Client) -> Self { Self(client) }
//! #         fn client(&self) -> &Client { &self.0 }
//! #     }
//! # }
//! /// The code under test.
//! async fn total_views(media: &media::Source) -> rest_source::Result<i64> {
//!     let stories = media.stories().all().await?;
//!     Ok(stories.iter().map(|story| story.views).sum())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> rest_source::Result<()> {
//! let api = media::Source::mock()
//!     .records("stories", (1..=250).map(|views| json!({ "views": views })))
//!     .fault(Fault::status(429).retry_after(Duration::from_secs(7)))
//!     .start()?;
//!
//! assert_eq!(total_views(&api.source()).await?, 31_375);
//! assert_eq!(api.waits(), [Duration::from_secs(7)]);
//! let urls: Vec<String> = api.requests().into_iter().map(|asked| asked.url).collect();
//! assert_eq!(urls[0], "https://api.example.com/v1/stories?offset=0&limit=100");
//! assert_eq!(urls.len(), 5, "three pages, an empty one, and the first once more");
//! # Ok(())
//! # }
//! ```
//!
//! It is a crate of its own, for `[dev-dependencies]`, of the same version as `rest-source`.
//!
//! # What it does
//!
//! * It wants the credentials where the spec puts them, once, and answers 401 otherwise. They are
//!   dummies, `mock-` and the secret's name. Tokens come from the spec's token URL or login, expire,
//!   and can be [taken back](Api::expire_tokens); a refresh token is given another in its place.
//! * It pages by each built-in paginator, with totals, flags, cursors and links as the spec names
//!   them, and puts the records where `data_selector` looks for them.
//! * It gives what an incremental fetch asks for, both ends included, and the records without a value
//!   of the cursor. Where the spec has a `row_order`, that is the order; elsewhere, that of the test.
//! * Resources that are asked for by the very same requests have the same records: those of the first
//!   that was given any.
//! * What no resource asks for is a 404.
//!
//! What a spec cannot tell, a test has to: what a [custom](rest_source::plan::Pages::Custom) paginator is
//! [answered](Mock::answer), and whom custom credentials [let in](Mock::authorize). Who forgets it gets
//! an error that says so.

mod access;
mod api;
mod asked;
mod body;
mod data;
mod dummies;
mod fault;
mod job;
mod jwt;
mod page;
mod place;
mod plan_mock;
mod read;
mod route;
mod sample;
mod server;
mod setup;
mod tokens;

use std::{fmt, marker::PhantomData, time::Duration};

pub use rest_source::__private::mock::ManualClock;
use rest_source::{
    __private::mock::GivenSecrets,
    Connector, Json, Result, Values as _,
    transport::{Headers, Request, Response},
};
use serde::Serialize;
pub use serde_json::json;

pub use self::{
    api::Api,
    asked::Asked,
    fault::Fault,
    plan_mock::{PlanApi, PlanMock},
};
use self::{data::Given, dummies::Dummies, setup::Setup};

/// Answers a request in a way of a test's own.
type Handler = Box<dyn Fn(&Request) -> Response + Send + Sync>;

/// Says of a request whether its credentials are right.
type Judge = Box<dyn Fn(&Request) -> bool + Send + Sync>;

/// A source that can be mocked: every one.
pub trait Mocked: Connector {
    /// A mock of its API, without records yet.
    fn mock() -> Mock<Self> {
        Mock::new()
    }
}

impl<S: Connector> Mocked for S {}

/// What an API in memory has, and how it behaves, until it is [started](Self::start).
///
/// ```
/// # use rest_source::{Connector, Result};
/// use rest_source_mock::{Fault, Mocked, json};
///
/// # fn example<Source: Connector>() -> Result<()> {
/// let api = Source::mock()
///     .records("posts", [json!({ "id": 1 }), json!({ "id": 2 })])
///     .records_of("comments", json!({ "id": 2 }), [json!({ "id": 7, "text": "…" })])
///     .page_size(1)
///     .fault(Fault::reset())
///     .start()?;
/// # Ok(())
/// # }
/// ```
pub struct Mock<S: Connector> {
    setup: Setup,
    secrets: Option<GivenSecrets>,
    config: Option<S::Config>,
    source: PhantomData<fn() -> S>,
}

impl<S: Connector> Mock<S> {
    fn new() -> Self {
        Self {
            setup: Setup::default(),
            secrets: None,
            config: None,
            source: PhantomData,
        }
    }

    /// Records of a resource, after those that it has: as they are in a response, [`json!`] or
    /// whatever serde writes as such. Those of a child are served for each of its parents.
    pub fn records<R: Serialize>(
        mut self,
        resource: &str,
        records: impl IntoIterator<Item = R>,
    ) -> Self {
        self.setup.given.push(given(resource, records));
        self
    }

    /// Records of a child, for the parents that have these values: `json!({ "id": 2 })`, by the names
    /// that the spec takes of its parent (`{resources.posts.id}`), or `json!({ "users.id": 2 })` where it has
    /// several parents. Values that its requests do not carry make no difference. In a tree these are the records
    /// below those that have the values, and those of `records` are the first ones.
    pub fn records_of<R: Serialize>(
        mut self,
        resource: &str,
        parent: Json,
        records: impl IntoIterator<Item = R>,
    ) -> Self {
        self.setup.given.push(Given {
            of: Some(parent),
            ..given(resource, records)
        });
        self
    }

    /// Records that are served as they are, whether or not they are as the spec says: to see what
    /// your code makes of an API that is not.
    pub fn unchecked<R: Serialize>(
        mut self,
        resource: &str,
        records: impl IntoIterator<Item = R>,
    ) -> Self {
        self.setup.given.push(Given {
            checked: false,
            ..given(resource, records)
        });
        self
    }

    /// Answers requests for a resource, once their credentials are right: for a custom paginator, and
    /// for what the spec does not tell. A JSON value is a response, of status 200.
    ///
    /// ```
    /// # use rest_source::Connector;
    /// use rest_source_mock::{Mock, json};
    ///
    /// # fn example<Source: Connector>(mock: Mock<Source>) -> Mock<Source> {
    /// mock.answer("days", |request| {
    ///     let previous = (!request.url.contains("day=")).then_some("2026-11-20");
    ///     json!({ "data": [{ "id": 1 }], "previous_day": previous })
    /// })
    /// # }
    /// ```
    pub fn answer<R: IntoResponse>(
        mut self,
        resource: &str,
        answer: impl Fn(&Request) -> R + Send + Sync + 'static,
    ) -> Self {
        let answer: Handler = Box::new(move |request| answer(request).into_response());
        self.setup.answers.push((resource.to_owned(), answer));
        self
    }

    /// Answers what no resource asks for: the log-in of custom credentials, say.
    pub fn otherwise<R: IntoResponse>(
        mut self,
        answer: impl Fn(&Request) -> R + Send + Sync + 'static,
    ) -> Self {
        self.setup.otherwise = Some(Box::new(move |request| answer(request).into_response()));
        self
    }

    /// Whom custom credentials let in. Others get a 401.
    pub fn authorize(
        mut self,
        authorize: impl Fn(&Request) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.setup.authorize = Some(Box::new(authorize));
        self
    }

    /// Something goes wrong.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.setup.faults.push(fault);
        self
    }

    /// The most records of a page, at least 1, whatever is asked for; without it what is asked for,
    /// and 100 where nothing is. A `single_page` has them all.
    ///
    /// Where the spec takes a short page for the last (`stop_after_short_page`), pages are as long as
    /// they are asked to be.
    pub fn page_size(mut self, records: u64) -> Self {
        self.setup.page_size = Some(records.max(1));
        self
    }

    /// How long a token lives, by the mock's own clock; an hour, if nothing is said.
    pub fn token_life(mut self, life: Duration) -> Self {
        self.setup.token_life = Some(life);
        self
    }

    /// These secrets in place of dummies: to choose one of several kinds of credentials (without it,
    /// the first), or where a custom one needs a real key.
    pub fn secrets(mut self, secrets: S::Secrets) -> Self {
        self.secrets = Some(GivenSecrets::of(secrets));
        self
    }

    /// These settings, in place of the spec's defaults, and of dummies for those without one.
    pub fn config(mut self, config: S::Config) -> Self {
        self.config = Some(config);
        self
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`](rest_source::ErrorKind::Schema) where a record is not as the spec says. [`ErrorKind::Config`](rest_source::ErrorKind::Config)
    /// where a resource is not there, or cannot be mocked from the spec alone; and, as of
    /// [`Builder::build`](rest_source::Builder::build), where the source cannot be made.
    pub fn start(self) -> Result<Api<S>> {
        let plan = S::plan();
        let dummies = Dummies::new(&plan, self.secrets, self.config.map(S::Config::values));
        let server = self.setup.start(&plan, dummies.resolve(&plan)?)?;
        Api::new(server, dummies)
    }
}

impl<S: Connector> fmt::Debug for Mock<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mock({})", S::plan().name)
    }
}

/// Records that are to be as the spec says.
fn given<R: Serialize>(resource: &str, records: impl IntoIterator<Item = R>) -> Given {
    let records = records.into_iter().map(serde_json::to_value);
    Given {
        resource: resource.to_owned(),
        of: None,
        records: records
            .collect::<Result<_, _>>()
            .map_err(|error| error.to_string()),
        checked: true,
    }
}

/// What a test can answer a request with.
pub trait IntoResponse {
    /// The response.
    fn into_response(self) -> Response;
}

impl IntoResponse for Response {
    fn into_response(self) -> Response {
        self
    }
}

/// A response of status 200 with this body.
impl IntoResponse for Json {
    fn into_response(self) -> Response {
        let mut headers = Headers::new();
        headers.push("Content-Type", "application/json");
        Response {
            status: 200,
            headers,
            body: self.to_string().into_bytes(),
        }
    }
}
