use serde_json::json;

use super::*;
use crate::{
    clock::manual::ManualClock,
    plan::{JsonPlan, Part, SourcePlan, Template},
    shared::{Ref::Static, list},
    testing::{Api, answer, context},
};

const RSA: &str = include_str!("keys/rsa.pem");
const EC: &str = include_str!("keys/ec.pem");

const PLAN: plan::Jwt = plan::Jwt {
    key: Template(list![Part::Secret(0)]),
    claims: JsonPlan::Object(list![(
        Static("sub"),
        JsonPlan::Text(Template(list![Part::Text(Static("me"))]))
    )]),
    ..plan::Jwt::DEFAULT
};

fn http() -> Arc<HttpContext> {
    let api = Api::new(|_| answer(200, &[], ""));
    context(&SourcePlan::DEFAULT, &[], &api, &ManualClock::default()).into()
}

fn signer(plan: &plan::Jwt, key: &str) -> Result<Signer> {
    let scope = Scope {
        secrets: &[key.into()],
        ..Scope::EMPTY
    };
    Signer::new(plan, Some("https://login.example.com/token"), scope)
}

/// The header, the claims, the signed text and the signature.
fn parts(token: &str) -> (Value, Value, String, Vec<u8>) {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        panic!("{token}");
    };
    let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let json = |part: &str| serde_json::from_slice(&bytes(part)).unwrap();
    let signed = format!("{header}.{claims}");
    (json(header), json(claims), signed, bytes(signature))
}

fn signed(plan: &plan::Jwt, key: &str) -> (Value, Value, String, Vec<u8>) {
    let token = signer(plan, key).unwrap().sign(true, &http()).unwrap();
    parts(token.expose())
}

#[test]
fn a_key_is_read_in_every_form() {
    let file = json!({
        "private_key": RSA, "private_key_id": "k1", "client_email": "robot@example.com",
    });
    let file = file.to_string();
    for (key, is_file) in [
        (RSA.to_owned(), false),
        (include_str!("keys/rsa_pkcs1.pem").to_owned(), false),
        (RSA.replace('\n', "\\n"), false),
        (STANDARD.encode(RSA), false),
        (
            RSA.lines().filter(|line| !line.starts_with('-')).collect(),
            false,
        ),
        (file.clone(), true),
        (STANDARD.encode(&file), true),
    ] {
        let (header, claims, signed, signature) = signed(&PLAN, &key);
        assert_eq!(header["alg"], "RS256");
        assert_eq!(header.get("kid"), is_file.then(|| json!("k1")).as_ref());
        assert_eq!(
            claims.get("iss"),
            is_file.then(|| json!("robot@example.com")).as_ref()
        );
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        assert!(signer(&PLAN, RSA).unwrap().signed(&token));
    }
}

#[test]
fn a_key_of_an_elliptic_curve_is_read_in_both_forms() {
    for (algorithm, name, key) in [
        (JwtAlgorithm::Es256, "ES256", EC),
        (
            JwtAlgorithm::Es256,
            "ES256",
            include_str!("keys/ec_sec1.pem"),
        ),
        (
            JwtAlgorithm::Es384,
            "ES384",
            include_str!("keys/ec_p384.pem"),
        ),
        (
            JwtAlgorithm::Es384,
            "ES384",
            include_str!("keys/ec_p384_sec1.pem"),
        ),
    ] {
        let plan = plan::Jwt {
            algorithm,
            ..PLAN.clone()
        };
        let (header, _, signed, signature) = signed(&plan, key);
        assert_eq!(header, json!({ "alg": name, "typ": "JWT" }));
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        let server = signer(&plan, key).unwrap();
        assert!(server.signed(&token) && !server.signed(&token.replace('.', "A.")));
    }
}

#[test]
fn rsa_signs_with_the_hash_of_the_algorithm() {
    let plan = plan::Jwt {
        algorithm: JwtAlgorithm::Rs384,
        ..PLAN.clone()
    };
    let (header, _, signed, signature) = signed(&plan, RSA);
    assert_eq!(header["alg"], "RS384");
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    assert!(signer(&plan, RSA).unwrap().signed(&token));
    assert!(!signer(&PLAN, RSA).unwrap().signed(&token));
}

#[test]
fn a_token_has_its_times_its_audience_and_an_identifier() {
    let plan = plan::Jwt {
        algorithm: JwtAlgorithm::Hs256,
        ..PLAN.clone()
    };
    let (_, mut claims, signed, signature) = signed(&plan, "s3cret");
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"s3cret");
    hmac::verify(&key, signed.as_bytes(), &signature).unwrap();
    let lifetime = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert_eq!(lifetime, 180);
    let claims = claims.as_object_mut().unwrap();
    assert_eq!(claims.remove("jti").unwrap().as_str().unwrap().len(), 22);
    claims.retain(|name, _| !matches!(name.as_str(), "iat" | "exp"));
    let audience = "https://login.example.com/token";
    assert_eq!(
        *claims,
        *json!({ "sub": "me", "aud": audience }).as_object().unwrap()
    );
}

#[test]
fn a_secret_of_hs256_may_be_in_base64() {
    let plan = plan::Jwt {
        algorithm: JwtAlgorithm::Hs256,
        key_encoding: KeyEncoding::Base64,
        ..PLAN.clone()
    };
    let (.., signed, signature) = signed(&plan, "c2VjcmV0_-8");
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret\xff\xef");
    hmac::verify(&key, signed.as_bytes(), &signature).unwrap();
}

#[test]
fn a_key_that_is_none_is_an_error_that_does_not_show_it() {
    for (algorithm, key, why) in [
        (JwtAlgorithm::Rs256, "s3cret!", "is neither PEM nor base64"),
        (
            JwtAlgorithm::Rs256,
            "-----BEGIN PRIVATE KEY-----s3cret",
            "is not valid PEM",
        ),
        (JwtAlgorithm::Rs256, EC, "is not an RSA key"),
        (JwtAlgorithm::Es256, RSA, "is not a key of the curve P-256"),
        (
            JwtAlgorithm::Rs256,
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----",
            "is encrypted",
        ),
    ] {
        let plan = plan::Jwt {
            algorithm,
            ..PLAN.clone()
        };
        let error = signer(&plan, key).err().unwrap();
        assert_eq!(*error.kind(), ErrorKind::Config);
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(why), "{shown}");
        assert!(
            !shown.contains("s3cret") && !shown.contains("MIG"),
            "{shown}"
        );
    }
}
