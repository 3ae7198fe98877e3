use rest_source::{Client, transport::Response};

#[rest_source::rest_source("./specs/hooks.yaml")]
mod hooks {}

fn lines(body: &[u8]) -> Vec<rest_source::Json> {
    vec![body.into()]
}

fn meaning(response: &Response) -> bool {
    response.status == 200
}

async fn accounts(_: Client) -> Vec<u8> {
    vec![1]
}

fn main() {
    let _ = hooks::Source::from_env();
}
