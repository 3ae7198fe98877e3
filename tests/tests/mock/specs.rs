//! The specs in `specs/`, mocked and fetched; those excepted whose pages or records a spec alone does not tell: with a
//! filter as selector, a range that moves with the day, records that are lists.

use rest_source::{
    Connector,
    plan::{ResourcePlan, RowOrder},
};
use rest_source_load::{Load, Sqlite};
use rest_source_mock::{Api, Mocked};

use crate::{as_one_page, fetched, made};

pub(crate) mod sources {
    use rest_source::rest_source;

    #[rest_source("../../../specs/analytics_api_key.yaml")]
    pub(crate) mod analytics_api_key {}

    #[rest_source("../../../specs/analytics_oauth2.yaml")]
    pub(crate) mod analytics_oauth2 {}

    #[rest_source("../../../specs/call_center_overview.yaml")]
    pub(crate) mod call_center_overview {}

    #[rest_source("../../../specs/datasets.yaml")]
    pub(crate) mod datasets {}

    #[rest_source("../../../specs/freshdesk.yaml")]
    pub(crate) mod freshdesk {}

    #[rest_source("../../../specs/github.yaml")]
    pub(crate) mod github {}

    #[rest_source("../../../specs/google_calendar.yaml")]
    pub(crate) mod google_calendar {}

    #[rest_source("../../../specs/guardian.yaml")]
    pub(crate) mod guardian {}

    #[rest_source("../../../specs/media_insights.yaml")]
    pub(crate) mod media_insights {}

    #[rest_source("../../../specs/microsoft_graph.yaml")]
    pub(crate) mod microsoft_graph {}

    #[rest_source("../../../specs/notion.yaml")]
    pub(crate) mod notion {}

    #[rest_source("../../../specs/okta.yaml")]
    pub(crate) mod okta {}

    #[rest_source("../../../specs/openweather.yaml")]
    pub(crate) mod openweather {}

    #[rest_source("../../../specs/scim.yaml")]
    pub(crate) mod scim {}

    #[rest_source("../../../specs/slack.yaml")]
    pub(crate) mod slack {}

    #[rest_source("../../../specs/stripe.yaml")]
    pub(crate) mod stripe {}

    #[rest_source("../../../specs/twilio.yaml")]
    pub(crate) mod twilio {}
}

/// Of every resource as many records as make three pages of ten.
fn mocked<S: Connector>() -> Api<S> {
    let plan = S::plan();
    let plans = plan.resources.iter();
    let mock = plans.fold(S::mock().page_size(10), |mock, plan| {
        mock.records(&plan.name, made::records(&plan.table, 25))
    });
    mock.start().unwrap()
}

/// The records, in the order in which the spec says that they come.
fn put_in(plan: &ResourcePlan) -> Vec<String> {
    let mut records = made::records(&plan.table, 25);
    if plan.incremental.clone().and_then(|plan| plan.row_order) == Some(RowOrder::Descending) {
        records.reverse();
    }
    as_one_page(&records, plan)
}

async fn assert_mocked<S: Connector>() {
    let api = mocked::<S>();
    for plan in &S::plan().resources {
        let got = fetched(api.source().client(), plan).await.unwrap();
        if plan.parent.is_none() {
            assert_eq!(got, put_in(plan), "`{}`", plan.name);
        }
        // For each record of the parent that has what the request takes of it.
        let len = got.len();
        assert!(len > 0 && len.is_multiple_of(25), "`{}`: {len}", plan.name);
    }
    assert!(
        api.requests().iter().all(|asked| asked.status == Some(200)),
        "{:?}",
        api.requests()
    );
    let db = Sqlite::open(":memory:").unwrap();
    api.source().load(&db).await.unwrap();
}

macro_rules! every_spec {
    ($($spec:ident)*) => {$(
        #[tokio::test]
        async fn $spec() {
            assert_mocked::<sources::$spec::Source>().await;
        }
    )*};
}

every_spec! {
    analytics_api_key analytics_oauth2 call_center_overview datasets freshdesk github
    google_calendar guardian media_insights microsoft_graph notion okta openweather scim slack
    stripe twilio
}
