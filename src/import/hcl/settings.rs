//! The `packer` block: versions.

use super::{Place, Reader, Where};

impl Reader<'_> {
    /// The version that is demanded. Which plugins are needed, the compiler tells by itself.
    pub(super) fn settings(&mut self) {
        for at in std::mem::take(&mut self.module.settings) {
            let place = Place::new(at.file, Where::Default);
            let Some(attribute) = at.block.body.get_attribute("required_version") else { continue };
            let Ok(value) = self.value(&attribute.value, &place) else { continue };
            self.draft.min_packer_version = value.plain().and_then(lowest);
        }
    }
}

/// The lowest version of a constraint: of `>= 1.7.0, < 2.0.0` it is `1.7.0`.
fn lowest(constraint: &str) -> Option<String> {
    constraint.split(',').find_map(|part| {
        let version = part.trim().trim_start_matches(['>', '=', '~']).trim();
        let is_version = version.starts_with(|c: char| c.is_ascii_digit());
        (is_version && !part.trim().starts_with(['<', '!'])).then(|| version.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::lowest;

    #[test]
    fn the_lowest_version_is_found() {
        assert_eq!(lowest(">= 1.7.0, < 2.0.0").as_deref(), Some("1.7.0"));
        assert_eq!(lowest("< 2.0.0, ~> 1.8").as_deref(), Some("1.8"));
        assert_eq!(lowest("< 2"), None);
    }
}
