//! Answers as XML: a tree of fields, and the envelopes of EC2 and STS around it.
//!
//! It knows no resource; `actions` make the fields.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::auth::Service;
use super::error::ApiError;

/// One element.
#[derive(Clone, PartialEq, Debug)]
struct Node {
    name: &'static str,
    content: Content,
}

#[derive(Clone, PartialEq, Debug)]
enum Content {
    Text(String),
    Fields(Fields),
}

/// The elements below another one, in their order.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Fields(Vec<Node>);

impl Fields {
    pub(crate) fn new() -> Self {
        Fields::default()
    }

    pub(crate) fn put(mut self, name: &'static str, value: impl ToString) -> Self {
        self.0.push(Node { name, content: Content::Text(value.to_string()) });
        self
    }

    /// An element that is left out where there is no value.
    pub(crate) fn opt(self, name: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.put(name, value),
            None => self,
        }
    }

    pub(crate) fn node(mut self, name: &'static str, fields: Fields) -> Self {
        self.0.push(Node { name, content: Content::Fields(fields) });
        self
    }

    /// A list: `<name><item>…</item>…</name>`.
    pub(crate) fn set(self, name: &'static str, items: impl IntoIterator<Item = Fields>) -> Self {
        let items = items.into_iter().map(|fields| Node { name: "item", content: Content::Fields(fields) }).collect();
        self.node(name, Fields(items))
    }

    /// The same as STS and IAM write it: `<name><member>…</member>…</name>`.
    pub(crate) fn members(self, name: &'static str, items: impl IntoIterator<Item = Fields>) -> Self {
        let items = items.into_iter().map(|fields| Node { name: "member", content: Content::Fields(fields) });
        let items = items.collect();
        self.node(name, Fields(items))
    }

    /// The same of plain words.
    pub(crate) fn member_words(self, name: &'static str, items: impl IntoIterator<Item = impl ToString>) -> Self {
        let items = items.into_iter().map(|text| Node { name: "member", content: Content::Text(text.to_string()) });
        let items = items.collect();
        self.node(name, Fields(items))
    }

    /// A list of plain words.
    pub(crate) fn words(self, name: &'static str, items: impl IntoIterator<Item = impl ToString>) -> Self {
        let items = items.into_iter().map(|text| Node { name: "item", content: Content::Text(text.to_string()) });
        let items = items.collect();
        self.node(name, Fields(items))
    }

    /// EC2's answer to a call that has nothing to tell.
    pub(crate) fn done() -> Self {
        Fields::new().put("return", true)
    }

    pub(crate) fn and(mut self, more: Fields) -> Self {
        self.0.extend(more.0);
        self
    }
}

/// The whole answer to a call that has succeeded.
pub(crate) fn answer(service: Service, action: &str, request: &str, fields: Fields) -> String {
    match service {
        Service::Ec2 => document(
            &format!("{action}Response"),
            Some(namespace(service)),
            &Fields::new().put("requestId", request).and(fields),
        ),
        Service::Sts | Service::Iam => {
            let mut text = Vec::new();
            let mut out = Writer::new(&mut text);
            let root = format!("{action}Response");
            let written = out
                .create_element(root.as_str())
                .with_attribute(("xmlns", namespace(service)))
                .write_inner_content(|out| {
                    // IAM has no result where there is nothing to tell.
                    if service == Service::Sts || !fields.0.is_empty() {
                        let result = format!("{action}Result");
                        out.create_element(result.as_str()).write_inner_content(|out| write(out, &fields))?;
                    }
                    let request = Fields::new().put("RequestId", request);
                    write(out, &Fields::new().node("ResponseMetadata", request))
                })
                .map(|_| ());
            finish(text, written)
        }
    }
}

/// The whole answer to a call that is refused.
pub(crate) fn refusal(service: Service, request: &str, error: &ApiError) -> String {
    let words = Fields::new().put("Code", error.code).put("Message", &error.message);
    match service {
        Service::Ec2 => {
            let errors = Fields::new().node("Error", words);
            document("Response", None, &Fields::new().node("Errors", errors).put("RequestID", request))
        }
        Service::Sts | Service::Iam => {
            let kind = if error.status < 500 { "Sender" } else { "Receiver" };
            let error = Fields::new().put("Type", kind).and(words);
            document(
                "ErrorResponse",
                Some(namespace(service)),
                &Fields::new().node("Error", error).put("RequestId", request),
            )
        }
    }
}

fn namespace(service: Service) -> &'static str {
    match service {
        Service::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
        Service::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
        Service::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
    }
}

fn document(root: &str, namespace: Option<&str>, fields: &Fields) -> String {
    let mut text = Vec::new();
    let mut out = Writer::new(&mut text);
    let written = out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None))).and_then(|()| {
        let element = out.create_element(root);
        let element = match namespace {
            Some(uri) => element.with_attribute(("xmlns", uri)),
            None => element,
        };
        element.write_inner_content(|out| write(out, fields)).map(|_| ())
    });
    finish(text, written)
}

fn write(out: &mut Writer<&mut Vec<u8>>, fields: &Fields) -> std::io::Result<()> {
    for node in &fields.0 {
        let element = out.create_element(node.name);
        match &node.content {
            Content::Text(text) => element.write_text_content(BytesText::new(&printable(text)))?,
            Content::Fields(fields) if fields.0.is_empty() => element.write_empty()?,
            Content::Fields(fields) => element.write_inner_content(|out| write(out, fields))?,
        };
    }
    Ok(())
}

/// XML has no place for most control characters, not even escaped.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t' | '\r') { '\u{fffd}' } else { c }).collect()
}

/// A `Vec` takes all bytes, and what is written into it is UTF-8.
fn finish(text: Vec<u8>, written: std::io::Result<()>) -> String {
    debug_assert!(written.is_ok(), "a `Vec` takes all bytes");
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_ec2s_shape() {
        let fields = Fields::new().put("a", "<&>").opt("b", None::<String>).set("c", [Fields::new().put("d", 1)]);
        let fields = fields.words("e", ["x"]).set("f", []);
        assert_eq!(
            answer(Service::Ec2, "Ask", "r-1", fields),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><AskResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
             <requestId>r-1</requestId><a>&lt;&amp;&gt;</a><c><item><d>1</d></item></c><e><item>x</item></e><f/>\
             </AskResponse>"
        );
        let refused = refusal(Service::Ec2, "r-2", &ApiError::throttled());
        assert!(refused.contains("<Response><Errors><Error><Code>RequestLimitExceeded</Code>"), "{refused}");
        let sts = answer(Service::Sts, "Who", "r-3", Fields::new().put("Account", "1"));
        assert!(sts.contains("<WhoResult><Account>1</Account></WhoResult><ResponseMetadata><RequestId>r-3<"), "{sts}");
    }
}
