//! The names that the generated code gives to what a spec declares, for writers of specs.

use crate::names::{Taken, pascal, snake};
use crate::{secret_names, value};

/// The name in Rust and SQL that is made of a key: in `snake_case`. Empty if the key has no letter and no digit.
///
/// ```
/// use rest_source_codegen::write::snake_name;
///
/// assert_eq!(snake_name("createdAt"), "created_at");
/// ```
pub fn snake_name(key: &str) -> String {
    snake(key)
}

/// The name of the type or variant that is made of a name: in `PascalCase`.
pub fn type_name(name: &str) -> String {
    pascal(name)
}

/// Whether a text may be the name of a resource, a setting or a secret, or a `rename`.
pub fn is_name(text: &str) -> bool {
    value::is_identifier(text)
}

/// Whether a record may have this type name. Every module has some types of its own.
pub fn is_free_type(name: &str) -> bool {
    Taken::types().take(name, "", &(0..0)).is_ok()
}

/// Whether a resource may have this name. Every source has some methods of its own.
pub fn is_free_method(name: &str) -> bool {
    Taken::methods().take(&snake(name), "", &(0..0)).is_ok()
}

/// Whether a header, a parameter or a setting of this name most likely holds a secret.
pub fn is_secret_name(name: &str) -> bool {
    secret_names::looks_secret(name) || secret_names::header(name) || secret_names::param(name)
}
