#[rest_source::rest_source]
mod shop {}

fn main() {}
