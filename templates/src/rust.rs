//! A connector as Rust, formatted.

use rest_source_codegen::{connector::Connector, crate_path::CratePath, emit};

use crate::{Error, ErrorKind};

/// How a generated file begins that no template laid out.
pub(crate) const MADE: &str = "// Made from ";

/// What a connector becomes.
pub(crate) struct Rust(syn::File);

impl Rust {
    pub(crate) fn of(connector: &Connector, runtime: &CratePath) -> Result<Self, Error> {
        let parsed = syn::parse2(emit::file(connector, runtime));
        parsed.map(Self).map_err(|error| {
            let spec = &connector.plan.spec;
            Error::new(
                ErrorKind::Spec,
                format!("`{spec}` makes no valid Rust, which is a defect: {error}"),
            )
        })
    }

    /// The module, with its documentation.
    pub(crate) fn module(&self) -> String {
        prettyplease::unparse(&self.0)
    }

    /// The file as it is laid out where there is no template of the user's.
    pub(crate) fn file(&self, spec: &str) -> String {
        let spec = spec.replace(char::is_control, " ");
        format!(
            "{MADE}{spec} by rest-source. Changes are lost when it is made again.\n\n{}",
            self.module()
        )
    }

    /// What is in the module.
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
