//! The weather: the whole object is one record, and rain is absent when it is dry.

use rest_source::rest_source;
use serde_json::{Value, json};

use crate::api::{Api, at, page, with};

#[rest_source("../../../specs/openweather.yaml")]
mod openweather {}

use openweather::ConfigUnits;

fn connect(api: &Api) -> openweather::Source {
    api.connect(
        openweather::Secrets {
            api_key: "hushhush".into(),
        },
        openweather::Config {
            lat: 52.52,
            lon: -13.0,
            units: ConfigUnits::Imperial,
            lang: "pt_br".to_owned(),
        },
    )
}

fn moment(members: Value) -> Value {
    let moment = json!({
        "dt": 1_767_225_600, "temp": 3, "feels_like": -0.5, "pressure": 1014, "humidity": 89,
        "dew_point": 1.4, "uvi": 0, "clouds": 53, "wind_speed": 3.13, "wind_deg": 93, "pop": 0.4,
        "weather": [{ "id": 803, "main": "Clouds", "description": "nuvens", "icon": "04d" }],
    });
    with(moment, members)
}

#[tokio::test]
async fn the_response_is_one_record() {
    let api = Api::new([page(&json!({
        "lat": 52.52, "lon": -13, "timezone": "Atlantic/Azores", "timezone_offset": -3600,
        "current": moment(json!({ "sunrise": 1_767_250_800, "rain": { "1h": 0.21 } })),
        "hourly": [moment(json!({})), moment(json!({ "snow": { "1h": 2 }, "visibility": 10000 }))],
    }))]);
    let weather = connect(&api).one_call().all().await.unwrap();
    let [weather] = weather.as_slice() else {
        panic!("{weather:?}");
    };
    let current = &weather.current;
    assert_eq!(current.dt, at("2026-01-01T00:00:00Z"));
    assert_eq!((current.sunrise.is_some(), current.sunset), (true, None));
    assert!((current.rain.as_ref().unwrap()._1h - 0.21).abs() < 1e-9);
    assert_eq!(current.snow, None);
    let hourly = weather.hourly.as_ref().unwrap();
    assert_eq!(hourly[0].rain, None);
    assert!((hourly[1].snow.as_ref().unwrap()._1h - 2.0).abs() < 1e-9);
    assert_eq!((&weather.minutely, &weather.alerts), (&None, &None));
    assert_eq!(
        api.urls(),
        [
            "https://api.openweathermap.org/data/3.0/onecall?lat=52.52&lon=-13&units=imperial&lang=pt_br&appid=hushhush"
        ]
    );
}

#[tokio::test]
async fn the_air_is_in_a_list() {
    let air = json!({
        "dt": 1_767_225_600, "main": { "aqi": 2 },
        "components": { "co": 201.9, "no": 0.01, "no2": 0.7, "o3": 68, "so2": 0.6, "pm2_5": 0.5, "pm10": 0.5, "nh3": 0.1 },
    });
    let api = Api::new([page(
        &json!({ "coord": { "lat": 52.52, "lon": -13 }, "list": [air] }),
    )]);
    let air = connect(&api).air_pollution().all().await.unwrap();
    assert_eq!((air.len(), air[0].main.aqi), (1, 2));
    assert!((air[0].components.pm2_5 - 0.5).abs() < 1e-9);
}
