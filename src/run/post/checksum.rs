//! `checksum`: files of checksums beside the files that were made.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::Digest;

use super::{Product, Scene};
use crate::diagnostic::code;
use crate::run::build::{Algorithm, Checksum};
use crate::run::problem::Problem;
use crate::run::render::{With, rendered};
use crate::run::whole::{Held, replace};

/// Writes the checksums; the files of checksums go on beside those that they are of. Of what has no files there are none.
pub(super) async fn run(checksum: &Checksum, scene: &Scene<'_>, product: &Product) -> Result<Product, Problem> {
    let named = |function: &str| scene.values.named(function).unwrap_or_default();
    let (build, kind) = (named("build_name"), named("build_type"));
    let mut made = Product { id: String::new(), files: product.files.clone() };
    if product.files.is_empty() {
        scene.cx.events.warn("`checksum` has nothing to do: what was made has no files");
        return Ok(made);
    }
    for algorithm in &checksum.types {
        let fields = [("BuildName", &*build), ("BuilderType", &*kind), ("ChecksumType", algorithm.name())];
        let wanted = rendered(&checksum.output, &With { values: scene.values, fields: &fields })?;
        let path = scene.place(&wanted);
        let unwritten = |what: &str, error: &dyn std::fmt::Display| {
            Problem::failed(code::RUN_POST, format!("`{what}` cannot be {error}"))
                .help("the image is made and final; the checksums are not written")
        };
        let is_new = !path.exists();
        let mut lines = Vec::new();
        for file in &product.files {
            let (owned, algorithm) = (file.clone(), *algorithm);
            let sum = tokio::task::spawn_blocking(move || algorithm.of(Path::new(&owned))).await;
            let sum = sum.unwrap_or_else(|error| Err(io::Error::other(error)));
            let sum = sum.map_err(|error| unwritten(file, &format!("read: {error}")))?;
            let name = Path::new(file).file_name().unwrap_or_default().to_string_lossy().into_owned();
            lines.push((sum, name));
        }
        let told = path.display().to_string();
        let written = |error: io::Error| unwritten(&told, &format!("written: {error}"));
        let Some(_held) = Held::take(&path, &scene.cx.cancel).await.map_err(written)? else {
            return Err(Problem::cancelled());
        };
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        replace(&path, added(&before, &lines).as_bytes()).map_err(written)?;
        scene.wrote("checksums", &wanted, &path);
        if is_new {
            made.files.push(path.display().to_string());
        }
    }
    Ok(made)
}

/// A file of checksums with these lines: what others have written stays, and no file stands there twice.
fn added(before: &str, lines: &[(String, String)]) -> String {
    let is_old = |line: &&str| line.split_once('\t').is_some_and(|(_, name)| lines.iter().any(|(_, own)| own == name));
    let kept = before.lines().filter(|line| !is_old(line)).map(|line| format!("{line}\n"));
    let new = lines.iter().map(|(sum, name)| format!("{sum}\t{name}\n"));
    kept.chain(new).collect()
}

impl Algorithm {
    /// All of them, by Packer's names.
    pub(in crate::run) const ALL: [Algorithm; 6] =
        [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha224, Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Md5 => "md5",
            Algorithm::Sha1 => "sha1",
            Algorithm::Sha224 => "sha224",
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha384 => "sha384",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// The checksum of a file, in hexadecimal.
    fn of(self, path: &Path) -> io::Result<String> {
        let file = File::open(path)?;
        match self {
            Algorithm::Md5 => sum::<md5::Md5>(file),
            Algorithm::Sha1 => sum::<sha1::Sha1>(file),
            Algorithm::Sha224 => sum::<sha2::Sha224>(file),
            Algorithm::Sha256 => sum::<sha2::Sha256>(file),
            Algorithm::Sha384 => sum::<sha2::Sha384>(file),
            Algorithm::Sha512 => sum::<sha2::Sha512>(file),
        }
    }
}

fn sum<D: Digest>(mut file: File) -> io::Result<String> {
    let (mut hasher, mut buffer) = (D::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => hasher.update(&buffer[..count]),
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_stands_there_once() {
        let lines = [("2".to_owned(), "a".to_owned()), ("3".to_owned(), "c".to_owned())];
        assert_eq!(added("1\ta\n9\tb\n", &lines), "9\tb\n2\ta\n3\tc\n");
    }

    #[test]
    fn each_algorithm_is_itself() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "hello\n").unwrap();
        let sums = Algorithm::ALL.map(|a| a.of(&path).unwrap());
        assert_eq!(sums[0], "b1946ac92492d2347c6235b4d2611184");
        assert_eq!(sums[1], "f572d396fae9206628714fb2ce00f72e94f2258f");
        assert_eq!(sums[3], "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
        assert_eq!(sums.map(|sum| sum.len() * 4), [128, 160, 224, 256, 384, 512]);
    }
}
