//! Plans that were written as JSON and read again, by this process and by another.

use std::{cell::RefCell, fs, process::Command};

use rest_source::{Client, Connector, Scalar, Secret, plan::SourcePlan, shared::Ref};
use rest_source_mock::Mocked;

use crate::{fetched, made, specs::sources};

/// The variable that says where the plan is that another process runs.
const PLAN: &str = "REST_SOURCE_TEST_PLAN";

thread_local! {
    static GIVEN: RefCell<Option<Ref<SourcePlan>>> = const { RefCell::new(None) };
}

/// A source of the plan that its thread was given last.
struct Given(Client);

impl Connector for Given {
    type Secrets = Vec<Secret>;
    type Config = Vec<Scalar>;

    fn plan() -> Ref<SourcePlan> {
        GIVEN.with_borrow(|plan| plan.clone().unwrap())
    }

    fn from_client(client: Client) -> Self {
        Self(client)
    }

    fn client(&self) -> &Client {
        &self.0
    }
}

/// The requests and the records of every resource of a plan, of which as many exist as make three pages.
async fn run(plan: Ref<SourcePlan>) -> Vec<String> {
    GIVEN.set(Some(plan.clone()));
    let mut mock = Given::mock().page_size(10);
    for resource in &plan.resources {
        mock = mock.records(&resource.name, made::records(&resource.table, 25));
    }
    let api = mock.start().unwrap();
    let mut lines = Vec::new();
    for resource in &plan.resources {
        let records = fetched(api.source().client(), resource).await.unwrap();
        assert!(!records.is_empty(), "`{}`", resource.name);
        lines.extend(records);
    }
    lines.extend(api.requests().iter().map(ToString::to_string));
    lines
}

/// What another process says of a plan: this test's own program, which runs the test below alone.
fn run_elsewhere(name: &str, json: &str) -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("{name}.plan.json"));
    fs::write(&file, json).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "written::in_another_process", "--nocapture"])
        .env(PLAN, &file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let lines = printed.lines().filter_map(|line| line.strip_prefix("> "));
    lines.map(str::to_owned).collect()
}

/// Runs the plan that another process gave, if one did.
#[tokio::test]
async fn in_another_process() {
    let Some(file) = std::env::var_os(PLAN) else {
        return;
    };
    let json = fs::read_to_string(file).unwrap();
    for line in run(serde_json::from_str(&json).unwrap()).await {
        println!("> {line}");
    }
}

async fn assert_same_elsewhere<S: Connector>(name: &str) {
    let json = serde_json::to_string(&S::plan()).unwrap();
    let read: Ref<SourcePlan> = serde_json::from_str(&json).unwrap();
    assert_eq!(format!("{read:?}"), format!("{:?}", S::plan()));
    assert_eq!(run_elsewhere(name, &json), run(S::plan()).await);
}

macro_rules! every_spec {
    ($($spec:ident)*) => {$(
        #[tokio::test]
        async fn $spec() {
            assert_same_elsewhere::<sources::$spec::Source>(stringify!($spec)).await;
        }
    )*};
}

every_spec! {
    analytics_api_key analytics_oauth2 call_center_overview datasets freshdesk github
    google_calendar guardian media_insights microsoft_graph notion okta openweather scim slack
    stripe twilio
}

#[test]
fn a_plan_of_a_field_that_is_not_known_is_refused() {
    let mut json = serde_json::to_value(sources::slack::Source::plan()).unwrap();
    json["resources"][0]["pages_at_once"] = 3.into();
    let error = serde_json::from_value::<SourcePlan>(json).unwrap_err();
    assert!(error.to_string().contains("pages_at_once"), "{error}");
}
