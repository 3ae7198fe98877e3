//! The formatted Rust code of a connector.

use rest_source_codegen::{
    connector::Connector,
    emit::{self, Options},
};

use crate::{Error, ErrorKind};

/// The start of a file generated without a user's template.
pub(crate) const HEADER: &str = "// Made from ";

/// The generated code of a connector.
pub(crate) struct Rust(syn::File);

impl Rust {
    pub(crate) fn of(connector: &Connector, options: &Options) -> Result<Self, Error> {
        let parsed = syn::parse2(emit::file(connector, options));
        parsed.map(Self).map_err(|error| {
            let spec = &connector.plan.spec;
            Error::new(
                ErrorKind::Spec,
                format!("`{spec}` generates invalid Rust, which is a bug of rest-source: {error}"),
            )
        })
    }

    /// The module, with its documentation.
    pub(crate) fn module(&self) -> String {
        prettyplease::unparse(&self.0)
    }

    /// The file, in the built-in layout.
    pub(crate) fn file(&self, spec: &str) -> String {
        let spec = spec.replace(char::is_control, " ");
        format!(
            "{HEADER}{spec} by rest-source. Changes are lost when it is generated again.\n\n{}",
            self.module()
        )
    }

    /// The module's items.
    #[cfg(feature = "templates")]
    pub(crate) fn items(self) -> String {
        let mut file = self.0;
        let modules = std::mem::take(&mut file.items).into_iter();
        let contents = modules.filter_map(|item| match item {
            syn::Item::Mod(module) => module.content,
            _ => None,
        });
        file.items = contents.flat_map(|(_, items)| items).collect();
        prettyplease::unparse(&file)
    }
}
