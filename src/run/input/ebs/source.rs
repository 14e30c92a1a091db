//! The image that the machine of an EBS build starts from, and filters of EC2's API, which networks are searched by as well.

use super::super::options::Take;
use crate::run::build::Source;

/// The image that the machine starts from.
pub(super) fn from(take: &mut Take<'_>) -> Source {
    let id = take.text("source_ami");
    let filters = take.blocks("source_ami_filter");
    if id.is_none() && filters.is_empty() {
        take.wrong("source_ami", "a build starts from `source_ami` or `source_ami_filter`", None);
    }
    let mut source = Source { id, ..Source::default() };
    let known = ["filters", "include_deprecated", "most_recent", "owner", "owners"];
    for members in &filters {
        take.within("source_ami_filter", members, &known, |take| {
            for (name, values) in filter(take) {
                source.filters.push((name, values));
            }
            source.owners = take.list("owners");
            source.most_recent = take.flag("most_recent");
            source.include_deprecated = take.flag("include_deprecated");
            if source.owners.is_empty() {
                take.wrong(
                    "owners",
                    "`source_ami_filter` names no owner",
                    Some("write `owners = [\"amazon\"]`, an account, or `\"self\"`"),
                );
            }
        });
    }
    source
}

/// Filters of EC2's API: commas part the values of which one must match.
pub(super) fn filter(take: &mut Take<'_>) -> Vec<(String, Vec<String>)> {
    let mut filters = Vec::new();
    for members in take.blocks("filters") {
        let names: Vec<String> = members.iter().map(|(name, _)| name.clone()).collect();
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        take.within("filters", &members, &known, |take| {
            filters.extend(names.iter().map(|name| (name.clone(), take.list(name))));
        });
    }
    filters
}
