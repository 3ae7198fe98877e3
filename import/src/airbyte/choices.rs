//! Settings of credentials that a user chooses among.

use rest_source_codegen::write::{Map, Node, text};

/// Makes secrets of the settings that only choices of credentials use: a setting is needed whatever is chosen, a secret
/// only where its choice is.
pub(super) fn need_only_their_own(spec: &mut Map) {
    let Some(Node::Map(config)) = spec.get("config") else {
        return;
    };
    let names: Vec<String> = config
        .entries
        .iter()
        .filter(|entry| {
            let setting = entry.value.as_map();
            setting.is_some_and(|setting| setting.get("default").is_none())
        })
        .map(|entry| entry.key.clone())
        .collect();
    let mut rest = spec.clone();
    let mut has_choices = false;
    each_choices(&mut rest, &mut |choices| {
        has_choices = true;
        *choices = Map::new();
    });
    if !has_choices {
        return;
    }
    let rest = text(&rest);
    for name in names {
        let uses = |text: &str| {
            ["}", ".", " "]
                .iter()
                .any(|end| text.contains(&format!("{{config.{name}{end}")))
        };
        if uses(&rest) || rest.contains(&format!("{{secrets.{name}}}")) {
            continue;
        }
        let plain = format!("{{config.{name}}}");
        let secret = format!("{{secrets.{name}}}");
        let mut is_used = false;
        each_choices(spec, &mut |choices| {
            is_used |= replace(choices, &plain, &secret);
        });
        if is_used {
            spec.map("config").remove(&name);
        }
    }
    if spec
        .get("config")
        .and_then(Node::as_map)
        .is_some_and(Map::is_empty)
    {
        spec.remove("config");
    }
}

/// Calls a function with the choices of each `one_of`: that of the client, and those of endpoints.
fn each_choices(spec: &mut Map, call: &mut impl FnMut(&mut Map)) {
    let mut within = |holder: &mut Map| {
        if let Some(Node::Map(auth)) = holder.get("auth")
            && auth.get("choices").is_some()
        {
            call(holder.map("auth").map("choices"));
        }
    };
    if spec.get("client").is_some() {
        within(spec.map("client"));
    }
    for entry in spec
        .entries
        .iter_mut()
        .filter(|entry| entry.key == "resources")
    {
        let Node::List(resources) = &mut entry.value else {
            continue;
        };
        for resource in resources {
            if let Node::Map(resource) = &mut resource.value
                && resource.get("endpoint").is_some()
            {
                within(resource.map("endpoint"));
            }
        }
    }
}

/// Replaces a text in all texts of a map. False if there was none.
fn replace(map: &mut Map, from: &str, to: &str) -> bool {
    let mut is_changed = false;
    for entry in &mut map.entries {
        match &mut entry.value {
            Node::Text(text) if text.contains(from) => {
                *text = text.replace(from, to);
                is_changed = true;
            }
            Node::Map(map) => is_changed |= replace(map, from, to),
            _ => {}
        }
    }
    is_changed
}
