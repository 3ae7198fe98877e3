#[rest_source::rest_source("./specs/shop.yaml")]
mod shop {
    pub struct Orders {
        pub id: String,
        pub total: f64,
        pub paid_at: rest_source::Timestamp,
        pub paid_by: String,
    }
}

fn main() {
    let _ = shop::Source::from_env();
}
