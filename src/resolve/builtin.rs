//! The built-in functions: name, parameters, result and documentation, one row each.
//!
//! The checker reads the types, the evaluator has the bodies, the book prints the table. What HCL's and jsonnet's users reach
//! for is here under the name that they would try first.

/// What a parameter takes, or a call gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Early text.
    Text,
    /// Text of which parts may be late.
    LateText,
    /// `int`
    Int,
    /// `number`
    Number,
    /// `bool`
    Bool,
    /// A list of early values.
    List,
    /// A list of texts.
    Texts,
    /// A list of numbers.
    Numbers,
    /// A list of bools.
    Bools,
    /// A map or record.
    Map,
    /// Text, list or map: something with a length.
    Sized,
    /// A value that can be written into a text.
    Scalar,
    /// A number, or a text that holds one.
    Numeric,
    /// Any value, also null.
    Any,
    /// As result: the type of the first argument.
    First,
    /// As result: a list of what the first argument's elements are lists of.
    Flattened,
    /// As result: one element of the first argument, or null.
    Element,
    /// As result: a list of the values of the first argument.
    ValueList,
    /// As result: the first argument's record or map, overlaid by the others.
    Merged,
    /// As result: early text that any pattern may accept; the argument's data as it is.
    Data,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Signature {
    /// Which function.
    pub builtin: Builtin,
    /// Its name.
    pub name: &'static str,
    /// Parameters: name and shape.
    pub params: &'static [(&'static str, Shape)],
    /// How many of the parameters are required.
    pub required: usize,
    /// Whether the last parameter may be repeated.
    pub variadic: bool,
    /// What a call gives.
    pub result: Shape,
    /// One sentence.
    pub doc: &'static str,
}

macro_rules! builtins {
    ($($name:literal $variant:ident ( $($param:ident : $shape:ident $(= $opt:tt)? ),* $(; $rest:ident : $restshape:ident)? ) -> $result:ident, $doc:literal;)*) => {
        /// A built-in function.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[allow(missing_docs)]
        pub enum Builtin { $($variant),* }

        /// All built-in functions, in the order of the book.
        pub const ALL: &[Signature] = &[$(Signature {
            builtin: Builtin::$variant,
            name: $name,
            params: &[$((stringify!($param), Shape::$shape),)* $((stringify!($rest), Shape::$restshape))?],
            // Where any number is taken, one is needed.
            required: match 0 $(+ builtins!(@required $param $($opt)?))* { 0 => 1, n => n },
            variadic: false $(|| builtins!(@yes $rest))?,
            result: Shape::$result,
            doc: $doc,
        }),*];
    };
    (@required $param:ident) => { 1 };
    (@required $param:ident $opt:tt) => { 0 };
    (@yes $rest:ident) => { true };
}

builtins! {
    "upper" Upper(text: Text) -> Text, "The text in capitals.";
    "lower" Lower(text: Text) -> Text, "The text in small letters.";
    "title" Title(text: Text) -> Text, "The text with each word's first letter as a capital.";
    "trim" Trim(text: Text, characters: Text = opt) -> Text, "The text without blanks (or these characters) at both ends.";
    "trim_prefix" TrimPrefix(text: Text, prefix: Text) -> Text, "The text without the prefix, where it has it.";
    "trim_suffix" TrimSuffix(text: Text, suffix: Text) -> Text, "The text without the suffix, where it has it.";
    "starts_with" StartsWith(text: Text, prefix: Text) -> Bool, "Whether the text begins with the prefix.";
    "ends_with" EndsWith(text: Text, suffix: Text) -> Bool, "Whether the text ends with the suffix.";
    "replace" Replace(text: Text, from: Text, to: Text) -> Text, "The text with every occurrence replaced.";
    "split" Split(text: Text, separator: Text) -> Texts, "The parts of the text between the separators.";
    "join" Join(texts: Texts, separator: Text) -> Text, "The texts with the separator between them.";
    "substr" Substr(text: Text, start: Int, length: Int = opt) -> Text, "A part of the text, counted in characters from 0; a negative start counts from the end.";
    "repeat" Repeat(text: Text, times: Int) -> Text, "The text several times.";
    "indent" Indent(text: Text, spaces: Int) -> Text, "The text with every line but the first moved right.";
    "lines" Lines(text: Text) -> Texts, "The lines of the text without their endings.";
    "pad" Pad(text: Text, width: Int, with: Text = opt) -> Text, "The text filled up on the left to a width, with blanks or another character.";
    "string" ToText(value: Scalar) -> Text, "A number, bool, duration, size or text as text.";
    "int" ToInt(value: Numeric) -> Int, "The whole number that a text holds, or a number without its fraction.";
    "len" Len(value: Sized) -> Int, "The number of characters, elements or entries.";
    "contains" Contains(value: Sized, item: Any) -> Bool, "Whether a text holds a text, a list an element or a map a key.";
    "distinct" Distinct(list: List) -> First, "The list with each value once, at its first place.";
    "sort" Sort(list: List) -> First, "The list in ascending order; numbers by value, texts by their characters.";
    "reverse" Reverse(list: List) -> First, "The list from its end to its start.";
    "flatten" Flatten(lists: List) -> Flattened, "The elements of the lists in a list, in one list; what is no list stays as it is.";
    "slice" Slice(list: List, start: Int, end: Int = opt) -> First, "The elements from one index up to, not including, another.";
    "first" First(list: List) -> Element, "The first element, or null.";
    "last" Last(list: List) -> Element, "The last element, or null.";
    "index_of" IndexOf(list: List, item: Any) -> Int, "The index of the first equal element, or -1.";
    "range" Range(start: Int, end: Int = opt) -> Numbers, "The ints from 0 or a start up to, not including, an end.";
    "all" All(list: Bools) -> Bool, "Whether every element is true; true for no elements.";
    "any" AnyOf(list: Bools) -> Bool, "Whether an element is true; false for no elements.";
    "sum" Sum(list: Numbers) -> Number, "The sum of the numbers.";
    "min" Min(;numbers: Number) -> Number, "The least of the numbers.";
    "max" Max(;numbers: Number) -> Number, "The greatest of the numbers.";
    "abs" Abs(number: Number) -> First, "The number without its sign.";
    "floor" Floor(number: Number) -> Int, "The greatest int that is not above the number.";
    "ceil" Ceil(number: Number) -> Int, "The least int that is not below the number.";
    "round" Round(number: Number) -> Int, "The nearest int; halves go away from zero.";
    "keys" Keys(map: Map) -> Texts, "The keys in their order.";
    "values" Values(map: Map) -> ValueList, "The values in the order of their keys.";
    "has" Has(map: Map, key: Text) -> Bool, "Whether the map holds the key.";
    "merge" Merge(map: Map; others: Map) -> Merged, "The maps laid over each other, records inside them too; a later value wins.";
    "json" Json(value: Any) -> Text, "The value as JSON on one line.";
    "base64" Base64(text: Text) -> Text, "The text's bytes in base64.";
    "from_base64" FromBase64(text: Text) -> Text, "The text whose bytes the base64 holds.";
    "md5" Md5(text: Text) -> Text, "The MD5 digest in hexadecimal; for names, not for safety.";
    "sha1" Sha1(text: Text) -> Text, "The SHA-1 digest in hexadecimal; for names, not for safety.";
    "sha256" Sha256(text: Text) -> Text, "The SHA-256 digest in hexadecimal.";
    "sha512" Sha512(text: Text) -> Text, "The SHA-512 digest in hexadecimal.";
    "file" File(path: Text) -> Data, "The text of a file, relative to the `.bake` file.";
    "render_file" RenderFile(path: Text, values: Map = opt) -> Data, "A file rendered as a Jinja template with these values.";
    "render" Render(text: Text, values: Map = opt) -> Data, "A text rendered as a Jinja template with these values.";
    "verbatim" Verbatim(text: LateText) -> Data, "The text with its `{{…}}` as plain characters that Packer does not interpret.";
    "env" Env(name: Text) -> Text, "An environment variable; stands only in the default of a param, variable or secret.";
    "given" Given(;values: Any) -> Int, "How many of the values are not null and not empty.";
}

/// The row of a name.
pub fn find(name: &str) -> Option<&'static Signature> {
    ALL.iter().find(|s| s.name == name)
}

impl Builtin {
    /// The row of a function.
    pub fn signature(self) -> &'static Signature {
        &ALL[self as usize]
    }
}

impl Signature {
    /// The most arguments that a call may have.
    pub fn most(&self) -> usize {
        if self.variadic { usize::MAX } else { self.params.len() }
    }

    /// The name and shape of the n-th argument.
    pub fn param(&self, n: usize) -> (&'static str, Shape) {
        self.params[n.min(self.params.len() - 1)]
    }

    /// As in `replace(text, from, to)`.
    pub fn usage(&self) -> String {
        let mut text = format!("{}(", self.name);
        for (i, (name, _)) in self.params.iter().enumerate() {
            let last = i + 1 == self.params.len();
            text.push_str(if i > 0 { ", " } else { "" });
            text.push_str(name);
            match () {
                () if last && self.variadic => text.push_str(", …"),
                () if i >= self.required => text.push('?'),
                () => {}
            }
        }
        text.push(')');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_at_its_variant_under_its_own_name() {
        for (i, row) in ALL.iter().enumerate() {
            assert_eq!(row.builtin as usize, i);
            assert_eq!(find(row.name).map(|r| r.builtin), Some(row.builtin));
            assert!(row.doc.ends_with('.') && row.doc.len() <= 120, "{}", row.name);
        }
        assert_eq!(Builtin::Trim.signature().usage(), "trim(text, characters?)");
        assert_eq!(Builtin::Merge.signature().usage(), "merge(map, others, …)");
        assert_eq!(Builtin::Replace.signature().required, 3);
        assert_eq!(Builtin::Min.signature().required, 1);
    }
}
