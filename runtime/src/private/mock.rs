//! The seam for `rest-source-mock` of the same version: an API in memory resolves a spec's values,
//! makes its requests and reads its records by the code that a client does.

use std::{cmp::Ordering, sync::Arc};

use url::Url;

use crate::{
    Builder, Client, Connector, Error, ErrorKind, Json, Path, Result, Scalar, auth,
    decode::{PageShape, Probes, decode},
    origin,
    plan::{
        DataTypeContract, Grant, Jwt, Method, Paginator, ResourcePlan, SchemaContract, Selector,
        SourcePlan,
    },
    request::{Draft, DraftBody},
    schema::{Step, Type},
    settings::{self, Variable},
    shared::{Ref, Text},
    transport::Headers,
};
pub use crate::{
    clock::manual::ManualClock,
    redact::Redactor,
    settings::{GivenSecrets, Settings, needed},
    template::Bounds,
    template::{PageValues, Scope},
};

/// Whether an `Authorization` answers a challenge of HTTP Digest with this nonce, for a user with a password.
pub fn digest_is_answered(
    user: (&str, &str),
    nonce: &str,
    method: &str,
    url: &str,
    authorization: &str,
) -> bool {
    auth::digest_is_answered(user, nonce, method, url, authorization)
}

/// Resolves secrets and settings without the environment.
pub fn resolve(plan: &SourcePlan, secrets: GivenSecrets, config: Vec<Scalar>) -> Result<Settings> {
    settings::resolve(plan, Some(secrets), Some(config), &[], &|_| Variable::Unset)
}

/// A builder that has these secrets and settings.
pub fn builder<S: Connector>(secrets: GivenSecrets, config: Vec<Scalar>) -> Builder<S> {
    Builder::new().values(secrets, config)
}

/// A builder of a client that has these secrets and settings.
pub fn client_builder(
    plan: &Ref<SourcePlan>,
    secrets: GivenSecrets,
    config: Vec<Scalar>,
) -> Builder<Client> {
    Client::builder(plan).values(secrets, config)
}

/// Parses a URL of the spec; `what` names it.
pub fn parse_url(url: &str, what: &str) -> Result<Url> {
    origin::parse(url, what)
}

/// The fields of a token request that say what a token is given for.
pub fn grant_fields(grant: &Grant) -> Vec<(String, String)> {
    auth::grant_fields(grant)
}

/// What a server knows of signed tokens: their claims, without those that the signer adds, and the key.
pub struct SignedBy {
    pub claims: Json,
    signer: auth::Signer,
}

impl SignedBy {
    pub fn new(jwt: &Jwt, scope: Scope<'_>) -> Result<Self> {
        Ok(Self {
            claims: serde_json::to_value(scope.json(&jwt.claims)).unwrap_or_default(),
            signer: auth::Signer::new(jwt, None, scope)?,
        })
    }

    /// Whether a token is signed with the key.
    pub fn signed(&self, token: &str) -> bool {
        self.signer.signed(token)
    }
}

/// A request before a paginator and an authenticator have written into it.
#[derive(Debug)]
pub struct FirstRequest {
    pub method: Method,
    pub url: Url,
    pub headers: Headers,
    pub body: FirstBody,
}

/// The body of a [`FirstRequest`].
#[derive(Debug)]
pub enum FirstBody {
    None,
    Json(Json),
    Form(Vec<(String, String)>),
}

/// The first request of a resource.
pub fn first_request(
    plan: &SourcePlan,
    resource: &ResourcePlan,
    scope: Scope<'_>,
) -> Result<FirstRequest> {
    let base = origin::parse(&scope.url(&plan.base_url, "`base_url`")?, "`base_url`")?;
    let redactor = Arc::new(Redactor::default());
    let draft = Draft::first(plan, resource, &base, scope, redactor)?;
    Ok(FirstRequest {
        method: draft.method,
        url: draft.url,
        headers: draft.headers,
        body: match draft.body {
            DraftBody::None => FirstBody::None,
            DraftBody::Json(tree) => FirstBody::Json(
                serde_json::to_value(&tree)
                    .map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?,
            ),
            DraftBody::Form(fields) => FirstBody::Form(fields),
        },
    })
}

/// Checks records of a resource against its table, one at a time.
#[derive(Debug)]
pub struct RecordReader {
    shape: PageShape,
    /// Whether a record is a value without keys. Only an object stands alone; such a value is one of a list.
    is_value: bool,
    /// The position of the cursor's column.
    cursor: Option<usize>,
}

impl RecordReader {
    pub fn new(plan: &Ref<ResourcePlan>, spec: &Text) -> Result<Self> {
        let alone = ResourcePlan {
            selector: Selector::Path(Path::ROOT),
            rows_path: None,
            selector_required: true,
            paginator: Paginator::DEFAULT,
            schema_contract: SchemaContract {
                data_type: DataTypeContract::Freeze,
                ..plan.schema_contract
            },
            ..ResourcePlan::clone(plan)
        };
        let incremental = plan.incremental.as_ref();
        let mut columns = plan.table.columns.iter();
        let is_of_list = |path: &Path| matches!(path.0.first(), None | Some(Step::Index(_)));
        Ok(Self {
            is_value: columns.any(|column| column.from.as_ref().is_some_and(is_of_list)),
            shape: PageShape::new(&alone, plan.table.clone(), &Probes::default(), spec)?.alone(),
            cursor: incremental.and_then(|incremental| incremental.column.map(usize::from)),
        })
    }

    /// The record's cursor.
    ///
    /// # Errors
    ///
    /// Where the record violates the schema.
    pub fn cursor(&self, record: &Json) -> Result<Option<Scalar>> {
        let body = if self.is_value {
            format!("[{record}]")
        } else {
            record.to_string()
        };
        let decoded = decode(body.into_bytes(), &self.shape)?;
        if let Some(error) = decoded.failure {
            return Err(error);
        }
        let column = self.cursor;
        Ok(column.and_then(|column| Scalar::of_cell(decoded.rows.get(0)?.value(column))))
    }
}

/// Reads a cursor from a request.
pub fn read_cursor(data_type: &Type, text: &str) -> Result<Option<Scalar>> {
    Scalar::read(data_type, text)
}

/// Compares two cursors, if they are of one type.
pub fn compare_cursors(one: &Scalar, other: &Scalar) -> Option<Ordering> {
    one.compare(other.as_value())
}
