//! An XML answer as a tree, of which each reader takes what it knows: a member that is missing, empty or unreadable costs
//! itself and not the answer.

use std::str::FromStr;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// Elements within elements at most.
const DEEPEST: usize = 64;

/// One element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Node {
    /// Its name, without a namespace.
    pub(crate) name: String,
    text: String,
    children: Vec<Self>,
}

impl Node {
    /// The root of a document; `None` where the text is no XML document.
    pub(crate) fn parse(document: &[u8]) -> Option<Self> {
        let mut reader = Reader::from_str(std::str::from_utf8(document).ok()?);
        let mut open: Vec<Self> = vec![Self::default()];
        // No answer of AWS's is as deep; one that is must not exhaust the stack when it is dropped.
        while open.len() < DEEPEST {
            match reader.read_event().ok()? {
                Event::Start(start) => open.push(Self::named(start.local_name().as_ref())),
                Event::Empty(start) => {
                    open.last_mut()?.children.push(Self::named(start.local_name().as_ref()))
                }
                Event::End(_) => {
                    let closed = open.pop()?;
                    open.last_mut()?.children.push(closed);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
                Event::CData(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let text = &mut open.last_mut()?.text;
                    match reference.resolve_char_ref().ok()? {
                        Some(char) => text.push(char),
                        None => text.push_str(resolve_predefined_entity(&reference.xml10_content())?),
                    }
                }
                Event::Eof => {
                    let document = open.pop().filter(|_| open.is_empty())?;
                    return document.children.into_iter().next();
                }
                _ => {}
            }
        }
        None
    }

    fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// A member.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// A member's text, unless it is empty.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.child(name)?.own_text()
    }

    /// The element's own text, unless it is empty.
    pub(crate) fn own_text(&self) -> Option<String> {
        Some(self.text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A member that is a number, an address, a network.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    /// The items of a member that is a list: `<set><item>…</item><item>…</item></set>`.
    pub(crate) fn items<'a>(&'a self, list: &str) -> impl Iterator<Item = &'a Self> {
        let children = self.child(list).map(|list| list.children.as_slice()).unwrap_or_default();
        children.iter().filter(|child| child.name == "item")
    }

    /// The first element of a name at any depth that has a member of another.
    pub(crate) fn find(&self, name: &str, member: &str) -> Option<&Self> {
        let mut open = vec![self];
        while let Some(node) = open.pop() {
            if node.name == name && node.child(member).is_some() {
                return Some(node);
            }
            open.extend(node.children.iter().rev());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_texts_and_items_are_found() {
        let xml = "<?xml version=\"1.0\"?><!-- c --><a:R xmlns:a=\"u\"><id> x&amp;y&#33; </id><none/><set>\n<item>1</item><item/><item>z</item>\
                   </set><port>80</port></a:R>";
        let root = Node::parse(xml.as_bytes()).unwrap();
        assert_eq!((root.name.as_str(), root.text("id").as_deref()), ("R", Some("x&y!")));
        assert_eq!((root.text("none"), root.text("missing")), (None, None));
        assert_eq!((root.parsed::<u16>("port"), root.parsed::<u16>("id")), (Some(80), None));
        let items: Vec<_> = root.items("set").map(Node::own_text).collect();
        assert_eq!(items, [Some("1".to_owned()), None, Some("z".to_owned())]);
    }

    #[test]
    fn what_is_no_document_is_none() {
        for text in ["", "hello", "<a><b></a>", "<a>", "{\"a\": 1}"] {
            assert_eq!(Node::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Node::parse(&[0xff, 0xfe]), None);
    }

    #[test]
    fn a_document_without_end_is_refused() {
        let deep = "<a>".repeat(100_000) + &"</a>".repeat(100_000);
        assert_eq!(Node::parse(deep.as_bytes()), None);
    }
}
