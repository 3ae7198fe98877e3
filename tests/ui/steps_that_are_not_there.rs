#[rest_source::rest_source("./specs/steps.yaml")]
mod steps {}

use steps::Orders;

fn is_paid(order: &Orders) -> bool {
    order.total > 0.0
}

fn rounded(order: Orders) -> Orders {
    order
}

fn main() {
    let _ = steps::Source::from_env();
}
