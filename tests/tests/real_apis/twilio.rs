//! Twilio: the next page is at a relative URI, times are as in e-mails, numbers are text.

use base64::{Engine, engine::general_purpose::STANDARD};
use rest_source::rest_source;
use serde_json::{Value, json};

use crate::api::{Api, at, header, page, with};

#[rest_source("../../../specs/twilio.yaml")]
mod twilio {}

use twilio::{MessageDirection, MessageStatus};

fn connect(api: &Api) -> twilio::Source {
    api.connect(
        twilio::Secrets {
            auth_token: "hushhush".into(),
        },
        twilio::Config {
            account_sid: "AC1".to_owned(),
        },
    )
}

fn message(sid: &str, members: Value) -> Value {
    let message = json!({
        "sid": sid, "account_sid": "AC1", "messaging_service_sid": null, "from": "+15017122661",
        "to": "+15558675310", "body": "Hello", "status": "queued", "direction": "outbound-api",
        "num_segments": "1", "num_media": "0", "price": null, "price_unit": "USD",
        "error_code": null, "error_message": null, "date_created": "Thu, 24 Aug 2023 05:01:45 +0000",
        "date_updated": "Thu, 24 Aug 2023 05:01:45 +0000", "date_sent": null,
        "subresource_uris": { "media": "/2010-04-01/Accounts/AC1/Messages/SM1/Media.json" },
    });
    with(message, members)
}

#[tokio::test]
async fn messages_follow_the_relative_uri() {
    let next = "/2010-04-01/Accounts/AC1/Messages.json?PageSize=1000&Page=1&PageToken=PASM1";
    let sent = json!({
        "status": "delivered", "price": "-0.00750", "num_segments": "12",
        "date_sent": "Thu, 24 Aug 2023 07:01:45 +0200",
    });
    let api = Api::new([
        page(&json!({ "messages": [message("SM1", sent)], "next_page_uri": next, "page": 0 })),
        page(&json!({ "messages": [message("SM2", json!({}))], "next_page_uri": null, "page": 1 })),
        page(&json!({ "messages": [], "next_page_uri": null })),
    ]);
    let source = connect(&api);
    let mut messages = source.messages().stream();
    let sent = messages.next().await.unwrap().unwrap();
    let queued = messages.next().await.unwrap().unwrap();
    assert!(messages.next().await.is_none());

    assert_eq!(sent.status, MessageStatus::Delivered);
    assert_eq!(sent.direction, Some(MessageDirection::OutboundApi));
    assert_eq!(sent.num_segments, 12);
    assert_eq!(sent.price.unwrap().to_string(), "-0.0075");
    assert_eq!(sent.date_sent, Some(at("2023-08-24T05:01:45Z")));
    assert_eq!((queued.date_sent, queued.price), (None, None));

    let state = messages.state().unwrap();
    assert_eq!(source.messages().since(state).all().await.unwrap(), []);
    let whole = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json?PageSize=1000";
    assert_eq!(
        api.urls(),
        [
            whole,
            &format!("https://api.twilio.com{next}"),
            // The operator belongs to the name; a day before the newest.
            &format!("{whole}&DateSent%3E=2023-08-23"),
        ]
    );
    let basic = format!("Basic {}", STANDARD.encode("AC1:hushhush"));
    assert_eq!(header(&api.requests()[1], "Authorization"), basic);
}

#[tokio::test]
async fn a_days_usage_is_known_by_category_and_day() {
    let record = json!({
        "category": "sms", "start_date": "2023-08-24", "end_date": "2023-08-24", "account_sid": "AC1",
        "description": "SMS", "count": "0", "count_unit": "messages", "usage": "0.5", "usage_unit": null,
        "price": 0.0075, "price_unit": "usd", "as_of": "2023-08-24T23:59:59+00:00",
    });
    let api = Api::new([page(
        &json!({ "usage_records": [record], "next_page_uri": "" }),
    )]);
    let usage = connect(&api).daily_usage().all().await.unwrap();
    assert_eq!(usage[0].start_date.to_string(), "2023-08-24");
    assert_eq!(usage[0].price.as_ref().unwrap().to_string(), "0.0075");
}
