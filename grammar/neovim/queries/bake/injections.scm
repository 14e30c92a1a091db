; Languages within the language, where the editor knows them.

([(comment) (doc_comment)] @injection.content (#set! injection.language "comment"))
((regex_pattern) @injection.content (#set! injection.language "regex"))
((template) @injection.content (#set! injection.language "gotmpl"))

(entry
    key: (key) @_key
    value: (list [(text (text_content) @injection.content) (raw_text (text_content) @injection.content)])
    (#any-of? @_key "inline" "execute_command")
    (#set! injection.language "bash"))
