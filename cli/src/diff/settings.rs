//! Changes of secrets and settings.

use rest_source::plan::{ConfigPlan, SourcePlan};

use super::{Area, Change, Effect};

pub(super) fn changes(old: &SourcePlan, new: &SourcePlan) -> Vec<Change> {
    let mut changes = secrets(old, new);
    changes.extend(settings(old, new));
    changes
}

fn secrets(old: &SourcePlan, new: &SourcePlan) -> Vec<Change> {
    let change = |effect, text| Change::new(Area::Settings, effect, text);
    let mut changes = Vec::new();
    for secret in &old.secrets {
        match new.secrets.iter().find(|one| one.name == secret.name) {
            None => {
                let text = format!(
                    "the secret `{}` is gone: `{}` is not read any more",
                    secret.name, secret.env
                );
                changes.push(change(Effect::Compatible, text));
            }
            Some(now) if now.env != secret.env => {
                let text = format!(
                    "the secret `{}` is read from `{}`, no longer from `{}`",
                    secret.name, now.env, secret.env
                );
                changes.push(change(Effect::Breaking, text));
            }
            Some(_) => {}
        }
    }
    for secret in &new.secrets {
        if old.secrets.iter().all(|one| one.name != secret.name) {
            let text = format!("the secret `{}` is new: set `{}`", secret.name, secret.env);
            changes.push(change(Effect::Breaking, text));
        }
    }
    changes
}

fn settings(old: &SourcePlan, new: &SourcePlan) -> Vec<Change> {
    let change = |effect, text| Change::new(Area::Settings, effect, text);
    let mut changes = Vec::new();
    for setting in &old.config {
        let Some(now) = new.config.iter().find(|one| one.name == setting.name) else {
            let text = format!("the setting `{}` is gone", setting.name);
            changes.push(change(Effect::Breaking, text));
            continue;
        };
        if now.env != setting.env {
            let text = format!(
                "the setting `{}` is read from `{}`, no longer from `{}`",
                setting.name, now.env, setting.env
            );
            changes.push(change(Effect::Breaking, text));
        }
        if now.data_type != setting.data_type {
            let text = format!("the setting `{}` has another type", setting.name);
            changes.push(change(Effect::Breaking, text));
        }
        if is_needed(now) && !is_needed(setting) {
            let text = format!(
                "the setting `{}` has no default any more: set `{}`",
                now.name, now.env
            );
            changes.push(change(Effect::Breaking, text));
        } else if now.default != setting.default {
            let shown = |setting: &ConfigPlan| match &setting.default {
                Some(default) => format!("`{default}`"),
                None => "none".to_owned(),
            };
            let text = format!(
                "the default of `{}` was {}, now it is {}",
                now.name,
                shown(setting),
                shown(now)
            );
            changes.push(change(Effect::Compatible, text));
        }
    }
    for setting in &new.config {
        if old.config.iter().any(|one| one.name == setting.name) {
            continue;
        }
        changes.push(if is_needed(setting) {
            let text = format!(
                "the setting `{}` is new: set `{}`",
                setting.name, setting.env
            );
            change(Effect::Breaking, text)
        } else {
            change(
                Effect::Compatible,
                format!("the setting `{}` is new", setting.name),
            )
        });
    }
    changes
}

/// Whether a run fails without a value of the setting.
const fn is_needed(setting: &ConfigPlan) -> bool {
    setting.default.is_none() && !setting.optional
}
