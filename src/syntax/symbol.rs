//! What each rule of the grammar is called where a message says what was expected.
//!
//! Exhaustive on purpose: a new rule does not compile before it has a name here, or is said to have none.
//! Neighbours: `report` makes messages of these, `lower` leaves the marks out of the tree.

use super::parser::Rule;

/// How a rule is named to people.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Symbol {
    /// A mark or keyword, exactly these characters.
    Mark(&'static str),
    /// A form, in words.
    Form(&'static str),
    /// Never named: built of others, or part of the tolerant mode.
    Unnamed,
}

/// The name of a rule.
pub(super) fn to_symbol(rule: Rule) -> Symbol {
    use Symbol::{Form, Mark, Unnamed};
    match rule {
        Rule::open_brace => Mark("{"),
        Rule::close_brace => Mark("}"),
        Rule::open_bracket => Mark("["),
        Rule::close_bracket => Mark("]"),
        Rule::open_paren => Mark("("),
        Rule::close_paren => Mark(")"),
        Rule::comma => Mark(","),
        Rule::colon => Mark(":"),
        Rule::equals => Mark("="),
        Rule::arrow => Mark("->"),
        Rule::fat_arrow => Mark("=>"),
        Rule::bar => Mark("|"),
        Rule::dot => Mark("."),
        Rule::dots => Mark(".."),
        Rule::ellipsis => Mark("..."),
        Rule::less => Mark("<"),
        Rule::greater => Mark(">"),
        Rule::minus => Mark("-"),
        Rule::kw_import => Mark("import"),
        Rule::kw_as => Mark("as"),
        Rule::kw_fn => Mark("fn"),
        Rule::kw_type => Mark("type"),
        Rule::kw_table => Mark("table"),
        Rule::kw_key => Mark("key"),
        Rule::kw_image => Mark("image"),
        Rule::kw_group => Mark("group"),
        Rule::kw_policy => Mark("policy"),
        Rule::kw_require => Mark("require"),
        Rule::kw_output => Mark("output"),
        Rule::kw_extern => Mark("extern"),
        Rule::kw_let => Mark("let"),
        Rule::kw_matrix => Mark("matrix"),
        Rule::kw_axis => Mark("axis"),
        Rule::kw_exclude => Mark("exclude"),
        Rule::kw_because => Mark("because"),
        Rule::kw_name => Mark("name"),
        Rule::kw_use => Mark("use"),
        Rule::kw_post => Mark("post"),
        Rule::kw_retain => Mark("retain"),
        Rule::kw_when => Mark("when"),
        Rule::kw_then => Mark("then"),
        Rule::kw_if => Mark("if"),
        Rule::kw_else => Mark("else"),
        Rule::kw_match => Mark("match"),
        Rule::kw_for => Mark("for"),
        Rule::kw_in => Mark("in"),
        Rule::kw_matches => Mark("matches"),
        Rule::kw_map => Mark("map"),
        Rule::kw_template => Mark("template"),
        Rule::kw_since => Mark("since"),
        Rule::kw_formerly => Mark("formerly"),
        Rule::kw_deprecated => Mark("deprecated"),
        Rule::kw_refused => Mark("refused"),
        Rule::kw_rule => Mark("rule"),
        Rule::kw_at => Mark("at"),
        Rule::kw_fact => Mark("fact"),
        Rule::kw_unique => Mark("unique"),
        Rule::kw_per => Mark("per"),
        Rule::ident
        | Rule::hyphened
        | Rule::quoted
        | Rule::quoted_kind
        | Rule::member
        | Rule::word
        | Rule::path
        | Rule::key_text => Form("a name"),
        Rule::template_field => Form("`.Name`"),
        Rule::item => Form("an item"),
        Rule::binding_word => Form("`let`"),
        Rule::type_expr | Rule::type_term => Form("a type"),
        Rule::range_start | Rule::range_stop | Rule::signed_number | Rule::number => Form("a number"),
        Rule::expr
        | Rule::operand
        | Rule::lone_expr
        | Rule::argument
        | Rule::element
        | Rule::prefix_op
        | Rule::constant => Form("a value"),
        Rule::text | Rule::one_text | Rule::one_raw | Rule::multi_text | Rule::multi_raw => Form("a text in quotes"),
        Rule::regex => Form("a regular expression `/…/`"),
        Rule::pattern | Rule::name_pattern => Form("a pattern"),
        Rule::minus_op | Rule::matches_op | Rule::infix_op => Form("an operator"),
        Rule::list => Form("a list"),
        Rule::record | Rule::body | Rule::chain | Rule::axis_columns => Form("`{`"),
        Rule::block_word => Form("a statement"),
        Rule::extern_word => Form("`builder`, `provisioner`, `post` or `options`"),
        Rule::row => Form("a row"),
        Rule::header => Form("a header row `| name: type |`"),
        Rule::column => Form("a column `name: type`"),
        Rule::cell => Form("a cell"),
        Rule::literal => Form("a literal"),
        Rule::assign => Form("an entry `name = value`"),
        Rule::spread => Form("`...`"),
        Rule::field_decl => Form("an option `name: type`"),
        Rule::params | Rule::key_names | Rule::call | Rule::paren => Form("`(`"),
        Rule::index => Form("`[`"),
        Rule::optional => Form("`?`"),
        Rule::wildcard => Form("`_`"),
        Rule::EOI
        | Rule::WHITESPACE
        | Rule::COMMENT
        | Rule::rest_of_line
        | Rule::gap
        | Rule::blank
        | Rule::line_end
        | Rule::tolerant
        | Rule::letter
        | Rule::reserved
        | Rule::semicolon
        | Rule::wrong_colon
        | Rule::wrong_in
        | Rule::wrong_word
        | Rule::settings
        | Rule::kind
        | Rule::braced_if
        | Rule::braces
        | Rule::wrong_equals
        | Rule::extra_comma
        | Rule::missing_comma
        | Rule::missing_else
        | Rule::missing_value
        | Rule::missing_then
        | Rule::missing_colon
        | Rule::missing_equals
        | Rule::missing_arms
        | Rule::missing_brace
        | Rule::missing_bracket
        | Rule::missing_paren
        | Rule::end_brace
        | Rule::end_bracket
        | Rule::end_paren
        | Rule::some_expr
        | Rule::some_then
        | Rule::some_colon
        | Rule::assign_mark
        | Rule::entry_mark
        | Rule::separator
        | Rule::element_start
        | Rule::entry_start
        | Rule::tail
        | Rule::statement_start
        | Rule::file
        | Rule::whole_item
        | Rule::next_item
        | Rule::new_name
        | Rule::loose_item
        | Rule::stray
        | Rule::item_start
        | Rule::import
        | Rule::binding
        | Rule::annotation
        | Rule::initial
        | Rule::function
        | Rule::result
        | Rule::parameter
        | Rule::type_item
        | Rule::table
        | Rule::open_cell
        | Rule::cell_end
        | Rule::cell_value
        | Rule::cell_word
        | Rule::bad_cell
        | Rule::image
        | Rule::group
        | Rule::statements
        | Rule::line
        | Rule::name_is
        | Rule::block
        | Rule::link_head
        | Rule::link_start
        | Rule::when
        | Rule::use_group
        | Rule::post
        | Rule::link
        | Rule::retain
        | Rule::matrix
        | Rule::matrix_item
        | Rule::axis
        | Rule::exclude
        | Rule::because
        | Rule::policy
        | Rule::require_item
        | Rule::require
        | Rule::output
        | Rule::extern_item
        | Rule::members
        | Rule::declaration
        | Rule::member_tail
        | Rule::modifier
        | Rule::encoding
        | Rule::since
        | Rule::formerly
        | Rule::deprecated
        | Rule::refused
        | Rule::include
        | Rule::rule_decl
        | Rule::fact
        | Rule::unique
        | Rule::names
        | Rule::late
        | Rule::matches_clause
        | Rule::range_clause
        | Rule::type_primary
        | Rule::list_type
        | Rule::record_type
        | Rule::map_type
        | Rule::template_type
        | Rule::paren_type
        | Rule::type_name
        | Rule::null_type
        | Rule::entries
        | Rule::entry
        | Rule::lost_value
        | Rule::key
        | Rule::infix
        | Rule::primary
        | Rule::postfix
        | Rule::field
        | Rule::arguments
        | Rule::argument_comma
        | Rule::argument_item
        | Rule::argument_name
        | Rule::argument_tail
        | Rule::if_then
        | Rule::else_if
        | Rule::match_on
        | Rule::arm
        | Rule::arm_tail
        | Rule::for_clause
        | Rule::condition
        | Rule::elements
        | Rule::element_item
        | Rule::element_tail
        | Rule::element_separator
        | Rule::chars
        | Rule::action
        | Rule::action_start
        | Rule::action_chars
        | Rule::stray_quotes
        | Rule::more_quotes
        | Rule::escape
        | Rule::plain_escape
        | Rule::unicode_escape
        | Rule::dollar_escape
        | Rule::bad_escape
        | Rule::interpolation
        | Rule::leftover
        | Rule::multi_chars
        | Rule::raw_chars
        | Rule::multi_raw_chars
        | Rule::regex_pattern
        | Rule::bad_tail
        | Rule::bad_list_tail
        | Rule::bad_entry
        | Rule::bad_statement
        | Rule::bad_matrix_item
        | Rule::bad_require
        | Rule::bad_member
        | Rule::bad_arm
        | Rule::bad_row
        | Rule::bad_element
        | Rule::bad_argument
        | Rule::junk
        | Rule::list_junk
        | Rule::junk_token
        | Rule::junk_inside
        | Rule::junk_braces
        | Rule::junk_brackets
        | Rule::junk_parens
        | Rule::junk_text
        | Rule::probe_statement
        | Rule::probe_matrix_item
        | Rule::probe_require
        | Rule::probe_member
        | Rule::probe_entry
        | Rule::probe_arm
        | Rule::probe_element
        | Rule::probe_argument => Unnamed,
    }
}
