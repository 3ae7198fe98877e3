//! JSON Web Tokens that the client signs (RFC 7519, RFC 7523).

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
    signature::{
        self, EcdsaKeyPair, KeyPair as _, RsaEncoding, RsaKeyPair, UnparsedPublicKey,
        VerificationAlgorithm,
    },
};
use serde_json::{Map, Value};

use crate::{
    Error, ErrorKind, Result, Secret,
    http_context::HttpContext,
    plan::{self, JwtAlgorithm, KeyEncoding},
    template::Scope,
    transport::BoxFuture,
};

use super::token::{Granted, Issuer, Recipient, TokenSource, request::Refusal};

/// Signs tokens.
pub(crate) struct Signer {
    key: Key,
    /// In JSON.
    header: String,
    claims: Map<String, Value>,
    lifetime: Duration,
}

enum Key {
    Rsa(RsaKeyPair, &'static Hash),
    Ec(EcdsaKeyPair, &'static Curve),
    Hmac(hmac::Key),
}

/// A hash function that RSA signs with.
struct Hash {
    signs: &'static dyn RsaEncoding,
    verifies: &'static dyn VerificationAlgorithm,
}

static SHA256: Hash = Hash {
    signs: &signature::RSA_PKCS1_SHA256,
    verifies: &signature::RSA_PKCS1_2048_8192_SHA256,
};
static SHA384: Hash = Hash {
    signs: &signature::RSA_PKCS1_SHA384,
    verifies: &signature::RSA_PKCS1_2048_8192_SHA384,
};

/// An elliptic curve, with its hash function.
struct Curve {
    name: &'static str,
    signs: &'static signature::EcdsaSigningAlgorithm,
    verifies: &'static dyn VerificationAlgorithm,
    /// The version of PKCS #8, 0, and the algorithm: this curve.
    head: &'static [u8],
}

static P256: Curve = Curve {
    name: "P-256",
    signs: &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
    verifies: &signature::ECDSA_P256_SHA256_FIXED,
    head: b"\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
};
static P384: Curve = Curve {
    name: "P-384",
    signs: &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
    verifies: &signature::ECDSA_P384_SHA384_FIXED,
    head: b"\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22",
};

/// A key, and what a key file says of it.
struct KeyFile {
    text: String,
    key_id: Option<String>,
    issuer: Option<String>,
}

impl Signer {
    /// A signer of tokens for `audience`, where the claims name no other.
    ///
    /// # Errors
    ///
    /// When the key cannot be read, or a value is missing.
    pub(crate) fn new(plan: &plan::Jwt, audience: Option<&str>, scope: Scope<'_>) -> Result<Self> {
        let secret = scope.required(&plan.key, "`signing_key`")?;
        let (key, file) = read(plan, secret)?;
        let mut header = Map::new();
        let algorithm = match plan.algorithm {
            JwtAlgorithm::Rs256 => "RS256",
            JwtAlgorithm::Rs384 => "RS384",
            JwtAlgorithm::Es256 => "ES256",
            JwtAlgorithm::Es384 => "ES384",
            JwtAlgorithm::Hs256 => "HS256",
        };
        header.insert("alg".to_owned(), algorithm.into());
        header.insert("typ".to_owned(), "JWT".into());
        let key_id = match &plan.key_id {
            Some(key_id) => Some(scope.required(key_id, "`key_id`")?),
            None => file.as_ref().and_then(|file| file.key_id.clone()),
        };
        header.extend(key_id.map(|key_id| ("kid".to_owned(), key_id.into())));
        let headers = scope.params(&plan.headers);
        header.extend(headers.map(|(name, value)| (name.to_owned(), value.into())));
        let claims = serde_json::to_value(scope.json(&plan.claims)).ok();
        let Some(Value::Object(mut claims)) = claims else {
            let message = "the claims of a token are not an object";
            return Err(Error::new(ErrorKind::Config, message));
        };
        let issuer = file.and_then(|file| file.issuer);
        let defaults = [("iss", issuer.as_deref()), ("aud", audience)];
        for (name, value) in defaults {
            if let Some(value) = value.filter(|_| !claims.contains_key(name)) {
                claims.insert(name.to_owned(), value.into());
            }
        }
        Ok(Self {
            key,
            header: Value::Object(header).to_string(),
            claims,
            lifetime: plan.lifetime,
        })
    }

    /// A token from now on. One for a token endpoint is told apart from all others.
    ///
    /// # Errors
    ///
    /// When it cannot be signed.
    pub(super) fn sign(&self, is_assertion: bool, context: &HttpContext) -> Result<Secret> {
        let failed = |_| Error::new(ErrorKind::Auth, "a token could not be signed");
        let random = SystemRandom::new();
        let now = context.clock.now();
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut claims = self.claims.clone();
        claims.insert("iat".to_owned(), now.into());
        claims.insert("exp".to_owned(), (now + self.lifetime.as_secs()).into());
        if is_assertion && !claims.contains_key("jti") {
            let mut id = [0; 16];
            random.fill(&mut id).map_err(failed)?;
            claims.insert("jti".to_owned(), URL_SAFE_NO_PAD.encode(id).into());
        }
        let claims = Value::Object(claims).to_string();
        let [header, claims] =
            [&self.header, &claims].map(|part| URL_SAFE_NO_PAD.encode(part.as_bytes()));
        let signed = format!("{header}.{claims}");
        let message = signed.as_bytes();
        let signature = match &self.key {
            Key::Rsa(key, hash) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(hash.signs, &random, message, &mut signature)
                    .map_err(failed)?;
                signature
            }
            Key::Ec(key, _) => key
                .sign(&random, message)
                .map_err(failed)?
                .as_ref()
                .to_vec(),
            Key::Hmac(key) => hmac::sign(key, message).as_ref().to_vec(),
        };
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        context.redactor.learn_token(&token);
        Ok(token.into())
    }
}

impl Signer {
    /// Whether a token is signed with this key: what a server knows.
    pub(crate) fn signed(&self, token: &str) -> bool {
        let Some((message, signature)) = token.rsplit_once('.') else {
            return false;
        };
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        let message = message.as_bytes();
        let verified = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(message, &signature)
        };
        let verified = match &self.key {
            Key::Rsa(key, hash) => verified(hash.verifies, key.public_key().as_ref()),
            Key::Ec(key, curve) => verified(curve.verifies, key.public_key().as_ref()),
            Key::Hmac(key) => hmac::verify(key, message, &signature),
        };
        verified.is_ok()
    }
}

/// Issues the signed tokens themselves.
struct SelfSigned(Signer);

/// # Errors
///
/// When the key cannot be read, or a value is missing.
pub(super) fn token_source(
    plan: &plan::SignedToken,
    scope: Scope<'_>,
    context: &Arc<HttpContext>,
) -> Result<TokenSource> {
    let signer = Signer::new(&plan.jwt, None, scope)?;
    Ok(TokenSource::new(SelfSigned(signer), &plan.place, context))
}

impl Issuer for SelfSigned {
    fn issue<'a>(&'a self, recipient: &'a Recipient) -> BoxFuture<'a, Result<Granted, Refusal>> {
        let token = self.0.sign(false, &recipient.context);
        let granted = token.map(|token| Granted {
            token,
            life: Some(self.0.lifetime),
        });
        Box::pin(std::future::ready(granted.map_err(Refusal::Final)))
    }
}

/// The key that a secret holds.
fn read(plan: &plan::Jwt, secret: String) -> Result<(Key, Option<KeyFile>)> {
    if plan.algorithm == JwtAlgorithm::Hs256 {
        let secret = match plan.key_encoding {
            KeyEncoding::Text => secret.into_bytes(),
            KeyEncoding::Base64 => {
                decoded(&secret).ok_or_else(|| unreadable("is not valid base64"))?
            }
        };
        return Ok((Key::Hmac(hmac::Key::new(hmac::HMAC_SHA256, &secret)), None));
    }
    let file = key_file(secret);
    let (label, der) = der(&file.text)?;
    if label == "ENCRYPTED PRIVATE KEY" {
        return Err(unreadable(
            "is encrypted: decrypt it, `openssl pkey -in FILE`",
        ));
    }
    let key = match plan.algorithm {
        JwtAlgorithm::Rs384 => rsa(&label, &der, &SHA384),
        JwtAlgorithm::Es256 => ec(&label, &der, &P256),
        JwtAlgorithm::Es384 => ec(&label, &der, &P384),
        JwtAlgorithm::Rs256 | JwtAlgorithm::Hs256 => rsa(&label, &der, &SHA256),
    };
    Ok((key?, Some(file)))
}

fn rsa(label: &str, der: &[u8], hash: &'static Hash) -> Result<Key> {
    let key = match label {
        "RSA PRIVATE KEY" => RsaKeyPair::from_der(der),
        _ => RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)),
    };
    key.map(|key| Key::Rsa(key, hash))
        .map_err(|error| unreadable(&format!("is not an RSA key of 2048 bits or more: {error}")))
}

fn ec(label: &str, der: &[u8], curve: &'static Curve) -> Result<Key> {
    let read = |der: &[u8]| EcdsaKeyPair::from_pkcs8(curve.signs, der, &SystemRandom::new());
    let key = match label {
        "EC PRIVATE KEY" => read(&in_pkcs8(der, curve)),
        _ => read(der).or_else(|_| read(&in_pkcs8(der, curve))),
    };
    key.map(|key| Key::Ec(key, curve)).map_err(|error| {
        unreadable(&format!(
            "is not a key of the curve {}: {error}",
            curve.name
        ))
    })
}

/// A key of the form of RFC 5915 in that of RFC 5208, which is read.
fn in_pkcs8(der: &[u8], curve: &Curve) -> Vec<u8> {
    let content = [curve.head, &tagged(0x04, der)].concat();
    tagged(0x30, &content)
}

/// An element of DER.
fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    match (&length[..], u8::try_from(length.len())) {
        ([short], _) if *short < 0x80 => element.push(*short),
        (_, Ok(bytes)) => {
            element.push(0x80 | bytes);
            element.extend(&length);
        }
        _ => {}
    }
    element.extend(content);
    element
}

/// The key of a JSON key file, as Google gives them, or the text itself. Either may be in base64.
fn key_file(secret: String) -> KeyFile {
    let is_plain = |text: &str| text.trim_start().starts_with(['{', '-']);
    let text = match decoded(&secret).and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(text) if !is_plain(&secret) && is_plain(&text) => text,
        _ => secret,
    };
    let file: Option<Map<String, Value>> = serde_json::from_str(&text).ok();
    let field = |name: &str| {
        let value = file.as_ref()?.get(name)?.as_str()?;
        Some(value.to_owned())
    };
    KeyFile {
        key_id: field("private_key_id"),
        issuer: field("client_email"),
        text: field("private_key").unwrap_or(text),
    }
}

/// The label and the content of a key in PEM (RFC 7468). What is in base64 alone has no label.
fn der(text: &str) -> Result<(String, Vec<u8>)> {
    // An environment variable often has its line breaks escaped.
    let text = text.replace("\\n", "\n");
    let Some((_, rest)) = text.split_once("-----BEGIN ") else {
        let der = decoded(&text).ok_or_else(|| unreadable("is neither PEM nor base64"))?;
        return Ok((String::new(), der));
    };
    let parts = rest
        .split_once("-----")
        .and_then(|(label, rest)| Some((label, rest.split_once("-----END")?.0)));
    let der = parts.and_then(|(label, body)| Some((label.to_owned(), decoded(body)?)));
    der.ok_or_else(|| unreadable("is not valid PEM"))
}

/// The bytes of base64, in either alphabet, with or without line breaks and padding.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let text = text
        .trim_end_matches('=')
        .replace('-', "+")
        .replace('_', "/");
    let padding = "=".repeat((4 - text.len() % 4) % 4);
    STANDARD.decode(text + &padding).ok()
}

fn unreadable(why: &str) -> Error {
    let message = format!("the `signing_key` {why}");
    Error::new(ErrorKind::Config, message)
        .with_help("give it in PEM, as Google's JSON key file, or either in base64")
}

#[cfg(test)]
mod tests;
