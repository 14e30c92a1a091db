// Colours for the language's own code blocks, and for what bakec prints. mdBook has highlighted all other blocks when this runs.
(function () {
    "use strict";

    // Words that begin an item or a statement; elsewhere they are names.
    const STATEMENTS =
        "import param variable secret let fn type table image group policy output extern matrix axis exclude builder " +
        "provisioner provision cleanup test post then use retain require rule fact unique options";
    // Words that are keywords wherever an expression or a modifier can stand.
    const KEYWORDS = {
        keyword: "if then else match for in when because matches as at per since formerly deprecated refused late",
        literal: "true false null",
    };
    // Words that are types where a type stands; elsewhere they are names too.
    const TYPES = {
        ...KEYWORDS,
        built_in:
            "bool int number string duration size map template region zone ami_id snapshot_id instance_type account_id " +
            "vpc_id subnet_id security_group_id kms_key arn cidr device path iam_profile s3_bucket",
    };
    const NAMED = "image group policy table fn type builder provisioner provision cleanup test post options";

    const any = (words) => "\\b(?:" + words.split(" ").join("|") + ")\\b";

    function bake(hljs) {
        const comment = { className: "comment", begin: /\/\/|#/, end: /$/ };
        const template = { className: "variable", begin: /\{\{/, end: /\}\}/ };
        // Digits with their unit, or without.
        const number = { className: "number", begin: /\b\d[\d_.]*(?:[a-zA-Z]+\d*)*\b/ };
        const regex = { className: "regexp", begin: /\/(?=[^\s/])/, end: /\//, illegal: /\n/, contains: [hljs.BACKSLASH_ESCAPE] };
        const subst = { className: "subst", begin: /\$\{/, end: /\}/, keywords: KEYWORDS };
        const escapes = [{ begin: /\$\$\{/ }, subst, template];
        const text = {
            className: "string",
            variants: [
                { begin: /"""/, end: /"""/, contains: [hljs.BACKSLASH_ESCAPE, ...escapes] },
                { begin: /'''/, end: /'''/, contains: [template] },
                { begin: /"/, end: /"/, illegal: /\n/, contains: [hljs.BACKSLASH_ESCAPE, ...escapes] },
                { begin: /'/, end: /'/, illegal: /\n/, contains: [template] },
            ],
        };
        // `matches` is followed by a pattern, so a slash behind it is no division.
        const pattern = {
            begin: /\bmatches\s+(?=\/)/,
            keywords: KEYWORDS,
            starts: { begin: /(?=\/)/, end: /(?=[^/])|$/, contains: [{ ...regex, endsParent: true }] },
        };
        const name = { className: "attr", begin: /[A-Za-z_][\w-]*/, endsParent: true };
        const key = {
            variants: [
                { begin: /^\s*[A-Za-z_][\w-]*(?=\s*(?:=(?![=>])|:))/, end: /(?=[=:])/ },
                { begin: /[{,]\s*[A-Za-z_][\w-]*(?=\s*=(?![=>]))/, end: /(?==)/ },
            ],
            returnBegin: true,
            contains: [name],
        };
        const named = {
            begin: any(NAMED) + "(?=\\s+(?!when\\b)[A-Za-z])",
            end: /[A-Za-z_](?![\w-])/,
            returnBegin: true,
            contains: [
                { className: "keyword", begin: any(NAMED) },
                { className: "title", begin: /[A-Za-z][\w-]*/, endsParent: true },
            ],
        };
        const statement = {
            className: "keyword",
            variants: [{ begin: any(STATEMENTS) + "(?=\\s+[\\w\"{(])" }, { begin: /\bkey(?=\s*\()/ }],
        };
        const field = { begin: /\.[A-Za-z_]\w*/ };
        const call = { className: "title", begin: /\b[a-z_][a-z0-9_]*(?=\()/ };
        // A cell of a table is a word, whatever it looks like.
        const row = {
            begin: /^\s*\|/,
            end: /$/,
            contains: [
                text,
                comment,
                { begin: /:/, end: /(?=\|)/, keywords: TYPES, contains: [text] },
                { className: "attr", begin: /[A-Za-z_]\w*(?=:)/ },
            ],
        };
        const type = {
            begin: /(?:->|:(?!:))\s/,
            end: /(?=[=,){?]|\bwhen\b)|$/,
            keywords: TYPES,
            contains: [text, pattern, number],
        };
        const alias = {
            begin: /^type\s+\w+\s*=/,
            end: /(?=\{)|$/,
            returnBegin: true,
            keywords: TYPES,
            contains: [named, text, pattern, number],
        };
        subst.contains = [text, field, number, call];
        return {
            name: "bake",
            keywords: KEYWORDS,
            contains: [comment, text, row, key, alias, type, pattern, named, statement, field, number, call],
        };
    }

    // What bakec prints: commands, codes, messages, marks below the source, and help.
    function output() {
        return {
            name: "bakec",
            contains: [
                { className: "meta", begin: /^\$ .*$/ },
                { className: "title", begin: /^bake::[a-z0-9_:]+$/ },
                { className: "variable", begin: /^\s+[×⚠] .*$/ },
                { className: "comment", begin: /^\s*(?:╭─\[.*|╰────.*|☞.*)$/ },
                { className: "comment", begin: /^\s*·/, starts: { className: "number", end: /$/ } },
                { className: "comment", begin: /^\s*\d+ │/ },
                { className: "string", begin: /^\s+help:/, end: /$/ },
            ],
        };
    }

    hljs.registerLanguage("bake", bake);
    hljs.registerLanguage("bakec", output);

    const paint = (block, language) => {
        block.innerHTML = hljs.highlight(language, block.textContent, true).value;
    };
    document.querySelectorAll("code.language-bake").forEach((block) => paint(block, "bake"));
    document.querySelectorAll("code.language-console, code.language-text").forEach((block) => {
        if (/^(\$ |bake::)/m.test(block.textContent)) {
            paint(block, "bakec");
        }
    });
})();
