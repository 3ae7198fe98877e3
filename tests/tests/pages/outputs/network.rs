//! Of `network.md`.

use rest_source::{
    Builder,
    transport::{TransportError, TransportErrorKind},
};
use rest_source_testkit::{ManualClock, ScriptedTransport};

use crate::shown::network::shop;

pub(super) async fn absent() -> String {
    let kind = TransportErrorKind::Refused;
    let message = "no connection: Connection refused (os error 111)";
    let shop = Builder::<shop::Source>::new()
        .secrets(shop::Secrets {
            token: "t0ken-of-the-shop".into(),
        })
        .clock(ManualClock::starting_at(std::time::SystemTime::UNIX_EPOCH))
        .transport(ScriptedTransport::new(move |_| {
            Err(TransportError::new(kind, message))
        }))
        .build()
        .unwrap();
    let mut orders = shop.orders().stream();
    orders.next().await.unwrap().unwrap_err().to_string()
}
