//! The features that a plan needs and this build lacks.

use crate::{Error, ErrorKind, Result, plan::SourcePlan};

/// The features without a type of their own that refuses a plan: whether each is enabled, and what needs it.
const FEATURES: [(&str, bool, &str); 2] = [
    (
        "patterns",
        cfg!(feature = "patterns"),
        "a regular expression (`matches`, `total_pattern`)",
    ),
    (
        "queries",
        cfg!(feature = "queries"),
        "a JSONPath with a filter, wildcard, slice or descent",
    ),
];

/// Checks that this build has what a plan needs.
///
/// # Errors
///
/// [`ErrorKind::Config`] that names the missing feature.
pub(crate) fn check(plan: &SourcePlan) -> Result<()> {
    let needed = plan.features();
    let missing = FEATURES
        .iter()
        .find(|(feature, is_enabled, _)| !is_enabled && needed.contains(feature));
    match missing {
        None => Ok(()),
        Some((feature, _, what)) => {
            let message = format!(
                "the spec has {what}, which needs the feature `{feature}` of `rest-source`"
            );
            let help = format!("enable it: `cargo add rest-source --features {feature}`");
            Err(Error::new(ErrorKind::Config, message).with_help(help))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::{
        plan::{ResourcePlan, Selector, SourcePlan},
        shared::{Ref, Text},
    };

    #[test]
    fn a_missing_feature_is_named() {
        let resource = ResourcePlan {
            selector: Selector::Query(Text::of("$.data[?@.ok]")),
            ..ResourcePlan::DEFAULT
        };
        let plan = SourcePlan {
            resources: vec![Ref::from(resource)].into(),
            ..SourcePlan::DEFAULT
        };
        let checked = check(&plan).map_err(|error| error.to_string());
        if cfg!(feature = "queries") {
            assert_eq!(checked, Ok(()));
        } else {
            let text = checked.unwrap_err();
            assert!(
                text.contains("cargo add rest-source --features queries"),
                "{text}"
            );
        }
    }
}
