#[rest_source::rest_source("./specs/shops.yaml")]
mod shop {}

fn main() {
    let _ = shop::Source::from_env();
}
