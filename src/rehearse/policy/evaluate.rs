//! The decision about one action on one resource: a deny counts before any allow, and without an allow nothing is allowed.

use super::document::{Condition, Matched, Operator, Policy, Set, Statement};
use super::touched::Wish;
use crate::rehearse::filter::matches;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    Allowed,
    /// A statement denies it.
    Denied,
    /// No statement says anything.
    Silent,
}

pub(super) fn verdict(policies: &[&Policy], wish: &Wish) -> Verdict {
    let mut verdict = Verdict::Silent;
    for statement in policies.iter().flat_map(|policy| &policy.statements).filter(|s| is_about(s, wish)) {
        if !statement.allows {
            return Verdict::Denied;
        }
        verdict = Verdict::Allowed;
    }
    verdict
}

fn is_about(statement: &Statement, wish: &Wish) -> bool {
    let action = wish.action.to_lowercase();
    let actions = |pattern: &String| like(&pattern.to_lowercase(), &action);
    let resources = |pattern: &String| like(pattern, &wish.resource);
    let hits = |matched: &Matched, by: &dyn Fn(&String) -> bool| match matched {
        Matched::Any(patterns) => patterns.iter().any(by),
        Matched::None(patterns) => !patterns.iter().any(by),
    };
    hits(&statement.actions, &actions)
        && hits(&statement.resources, &resources)
        && statement.conditions.iter().all(|condition| holds(condition, wish))
}

/// IAM's patterns have `*` and `?`, and nothing that takes their meaning from them.
fn like(pattern: &str, text: &str) -> bool {
    matches(&pattern.replace('\\', r"\\"), text)
}

fn holds(condition: &Condition, wish: &Wish) -> bool {
    let Condition { operator, if_exists, set, key, values } = condition;
    let found = wish.context.get(key).map(Vec::as_slice).filter(|found| !found.is_empty());
    if *operator == Operator::Null {
        return values.iter().any(|value| (value == "true") == found.is_none());
    }
    let Some(found) = found else {
        return *if_exists || *set == Set::All || operator.is_negative() && *set == Set::One;
    };
    let one = |value: &String| {
        let any = values.iter().any(|wanted| match operator {
            Operator::Equals | Operator::NotEquals => value == wanted,
            Operator::EqualsIgnoreCase | Operator::NotEqualsIgnoreCase | Operator::Bool => {
                value.eq_ignore_ascii_case(wanted)
            }
            Operator::Like | Operator::NotLike | Operator::Null => like(wanted, value),
        });
        any != operator.is_negative()
    };
    match set {
        Set::Some | Set::One if !operator.is_negative() => found.iter().any(one),
        Set::Some => found.iter().any(one),
        Set::One | Set::All => found.iter().all(one),
    }
}
