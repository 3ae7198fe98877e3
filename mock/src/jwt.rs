//! Tokens that a client signs, as a server reads them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rest_source::{
    __private::mock::{Scope, SignedBy},
    Result,
    plan::{Jwt, JwtAlgorithm, SourcePlan},
};
use serde_json::Value as Json;

/// What a signed token has to say.
pub(crate) struct SignedClaims {
    algorithm: &'static str,
    by: SignedBy,
}

impl SignedClaims {
    /// # Errors
    ///
    /// When the key cannot be read.
    pub(crate) fn new(jwt: &Jwt, scope: Scope<'_>) -> Result<Self> {
        Ok(Self {
            algorithm: match jwt.algorithm {
                JwtAlgorithm::Rs256 => "RS256",
                JwtAlgorithm::Rs384 => "RS384",
                JwtAlgorithm::Es256 => "ES256",
                JwtAlgorithm::Es384 => "ES384",
                JwtAlgorithm::Hs256 => "HS256",
            },
            by: SignedBy::new(jwt, scope)?,
        })
    }

    /// Whether a token says it, and is signed.
    pub(crate) fn are_of(&self, token: &str) -> bool {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, _] = parts[..] else {
            return false;
        };
        let read = |part: &str| -> Option<Json> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let (Some(header), Some(claims)) = (read(header), read(claims)) else {
            return false;
        };
        let mut wanted = self.by.claims.as_object().into_iter().flatten();
        let has_time = |name| claims.get(name).is_some_and(Json::is_u64);
        header["alg"] == self.algorithm
            && has_time("iat")
            && has_time("exp")
            && self.by.signed(token)
            && wanted.all(|(name, value)| claims.get(name) == Some(value))
    }
}

/// A key in place of the secret of this name, where tokens are signed with it.
pub(crate) fn dummy_key(plan: &SourcePlan, secret: &str) -> Option<&'static str> {
    let jwt = plan.signed_with(secret)?;
    match jwt.algorithm {
        JwtAlgorithm::Rs256 | JwtAlgorithm::Rs384 => Some(include_str!("keys/rsa.pem")),
        JwtAlgorithm::Es256 => Some(include_str!("keys/ec.pem")),
        JwtAlgorithm::Es384 => Some(include_str!("keys/ec_p384.pem")),
        // In base64 too, it is a secret.
        JwtAlgorithm::Hs256 => Some("bW9jayBrZXk="),
    }
}
