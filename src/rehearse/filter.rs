//! Filters of the Describe actions, and the pages of their answers.
//!
//! A family of resources has one table: filter name and how a resource's values are found. A filter that is not in it is refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::clock::Time;
use super::error::ApiError;
use super::query::Params;
use super::world::tags::TagMap;
use super::world::{Region, World};

/// What every action takes.
pub(crate) const DRY_RUN: &[&str] = &["DryRun"];
/// What an action with filters takes.
pub(crate) const FILTERS: &[&str] = &["Filter.N.Name", "Filter.N.Value.N"];
/// What an action with pages takes.
pub(crate) const PAGES: &[&str] = &["MaxResults", "NextToken"];

/// What the values of a resource are found in.
#[derive(Clone, Copy)]
pub(crate) struct View<'w> {
    pub(crate) world: &'w World,
    pub(crate) region: &'w Region,
    pub(crate) now: Time,
}

/// A filter's name, and a resource's values for it.
pub(crate) type Of<T> = (&'static str, fn(&View<'_>, &T) -> Vec<String>);

#[derive(Clone, Debug)]
struct Filter {
    name: String,
    values: Vec<String>,
}

/// The filters of one call; a resource has to pass all of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters(Vec<Filter>);

impl Filters {
    /// Reads `Filter.N`; refuses what the table does not know.
    pub(crate) fn read<T>(params: &Params, table: &[Of<T>], tagged: bool) -> Result<Self, ApiError> {
        let mut filters = Vec::new();
        for group in params.groups("Filter") {
            let name = params.required(&format!("{group}.Name"))?.to_string();
            let values: Vec<String> = params.list(&format!("{group}.Value")).into_iter().map(str::to_string).collect();
            let by_tag = name.starts_with("tag:") || name == "tag-key";
            let known = (by_tag && tagged) || table.iter().any(|(known, _)| *known == name);
            if !known {
                return Err(ApiError::new("InvalidParameterValue", format!("The filter '{name}' is invalid")));
            }
            if values.is_empty() {
                return Err(ApiError::new("InvalidParameterValue", format!("The filter '{name}' has no value")));
            }
            filters.push(Filter { name, values });
        }
        Ok(Filters(filters))
    }

    pub(crate) fn pass<T>(&self, view: &View<'_>, table: &[Of<T>], id: &str, thing: &T) -> bool {
        self.0.iter().all(|filter| {
            let found = match table.iter().find(|(name, _)| *name == filter.name) {
                Some((_, values)) => values(view, thing),
                None => by_tag(view.world.tags(view.region, id), &filter.name),
            };
            found.iter().any(|value| filter.values.iter().any(|pattern| matches(pattern, value)))
        })
    }
}

/// The values of `tag:Name` and `tag-key`.
fn by_tag(tags: &TagMap, filter: &str) -> Vec<String> {
    match filter.strip_prefix("tag:") {
        Some(key) => tags.get(key).cloned().into_iter().collect(),
        None => tags.keys().cloned().collect(),
    }
}

/// `*` is anything, `?` one character, a backslash takes their meaning away.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    enum Part {
        Any,
        One,
        Is(char),
    }
    let mut parts = Vec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '*' => Part::Any,
            '?' => Part::One,
            '\\' => Part::Is(chars.next().unwrap_or('\\')),
            c => Part::Is(c),
        });
    }
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t, mut back) = (0, 0, None);
    while t < text.len() {
        match parts.get(p) {
            Some(Part::Any) => {
                back = Some((p, t));
                p += 1;
            }
            Some(Part::One) => (p, t) = (p + 1, t + 1),
            Some(Part::Is(c)) if *c == text[t] => (p, t) = (p + 1, t + 1),
            // The last `*` takes one character more.
            _ => match back {
                Some((star, from)) => {
                    (p, t) = (star + 1, from + 1);
                    back = Some((star, from + 1));
                }
                None => return false,
            },
        }
    }
    parts[p..].iter().all(|part| matches!(part, Part::Any))
}

/// The page that a call asks for, and the token of the next one.
pub(crate) fn page<T>(
    params: &Params,
    items: Vec<T>,
    least: usize,
    most: usize,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let size: Option<usize> = params.number("MaxResults")?;
    if let Some(size) = size.filter(|size| !(least..=most).contains(size)) {
        return Err(ApiError::invalid_value(
            "MaxResults",
            size,
            format!("Expecting a value between {least} and {most}."),
        ));
    }
    let skip = match params.text("NextToken") {
        None | Some("") => 0,
        Some(token) => {
            let decoded = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let from = decoded.and_then(|text| text.strip_prefix("from ")?.parse::<usize>().ok());
            from.ok_or_else(|| {
                ApiError::new("InvalidNextToken", format!("The token '{token}' is none of a former answer."))
            })?
        }
    };
    let all = items.len();
    let items: Vec<T> = items.into_iter().skip(skip).take(size.unwrap_or(usize::MAX)).collect();
    let end = skip.saturating_add(items.len());
    let next = (end < all && size.is_some()).then(|| STANDARD.encode(format!("from {end}")));
    Ok((items, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_stars() {
        for (pattern, text) in
            [("a*c", "abbc"), ("*", ""), ("a?c", "abc"), ("*-x-*", "a-x-x-b"), (r"a\*", "a*"), ("", "")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a*c", "abd"), ("a?c", "ac"), (r"a\*", "ab"), ("A", "a"), ("", "x"), ("*x", "xy")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn pages_follow_each_other() {
        let ask = |form: &str| {
            let params = Params::new(super::super::query::decode(form.as_bytes()).unwrap());
            page(&params, (0..12).collect(), 5, 10)
        };
        let (first, next) = ask("MaxResults=5").unwrap();
        assert_eq!(first, [0, 1, 2, 3, 4]);
        let token = form_urlencoded::Serializer::new(String::new()).append_pair("NextToken", &next.unwrap()).finish();
        let (second, next) = ask(&format!("MaxResults=10&{token}")).unwrap();
        assert_eq!((second, next), (vec![5, 6, 7, 8, 9, 10, 11], None));
        assert_eq!(ask("").unwrap().0.len(), 12);
        assert!(ask("MaxResults=4").is_err() && ask("NextToken=x").is_err());
    }
}
