//! Jobs of an API.

use super::{endpoint, say};

#[test]
fn jobs() {
    let job = |fields: &str| endpoint(&format!("job: {{ {fields} }}"));
    let create = "create: { path: jobs }";
    let poll = "poll: { path: \"jobs/{job.id}\" }";
    let until = "until: { status: done }";
    say(
        "jobs",
        &[
            ("no poll", job(&format!("{create}, {until}"))),
            (
                "no condition",
                job(&format!("{create}, {poll}, until: {{}}")),
            ),
            (
                "one condition for both ends",
                job(&format!(
                    "{create}, {poll}, {until}, fail_if: {{ status: done }}"
                )),
            ),
            (
                "a field of the job before it is created",
                job(&format!(
                    "create: {{ path: \"jobs/{{job.id}}\" }}, {poll}, {until}"
                )),
            ),
            (
                "a field of a job where there is none",
                endpoint("path: \"jobs/{job.id}\""),
            ),
            (
                "a field that is no path",
                job(&format!(
                    "{create}, poll: {{ path: \"jobs/{{job.[*]}}\" }}, {until}"
                )),
            ),
            (
                "records in two places",
                job(&format!(
                    "{create}, {poll}, {until}, download: {{ path: rows, url_path: url }}"
                )),
            ),
            (
                "a download without a place",
                job(&format!("{create}, {poll}, {until}, download: {{}}")),
            ),
            (
                "a page in the request for a job",
                job(&format!(
                    "create: {{ path: jobs, json: {{ page: \"{{paginator.page}}\" }} }}, {poll}, {until}"
                )),
            ),
        ],
    );
}
