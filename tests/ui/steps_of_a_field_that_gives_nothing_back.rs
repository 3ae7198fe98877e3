use rest_source::{Cell, FromCell};

#[rest_source::rest_source("./specs/steps.yaml")]
mod steps {
    pub struct Orders {
        pub id: String,
        pub total: super::Money,
    }
}

use steps::Orders;

pub struct Money(f64);

impl FromCell for Money {
    fn from_cell(cell: Cell<'_>) -> Self {
        Self(cell.double())
    }
}

fn is_paid(order: &Orders) -> bool {
    order.total.0 > 0.0
}

fn rounded(order: Orders) -> Orders {
    order
}

fn lines(order: Orders) -> Vec<Orders> {
    vec![order]
}

fn main() {
    let _ = steps::Source::from_env();
}
