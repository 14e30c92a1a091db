" Colours of bake for Vim and Neovim, for those without tree-sitter.
" Words are keywords where an item, a statement or an operator can stand; elsewhere they are names.
if exists('b:current_syntax')
    finish
endif

syntax iskeyword @,48-57,_
syntax sync minlines=200

syntax cluster bakeExpression contains=@bakeComments,@bakeTexts,bakeNumber,bakeConstant,bakeConditional,bakeRepeat,bakeMatch,bakeIn,bakeMatches,bakeCall,bakeFunction,bakeMember,bakeKey,bakeOperator,bakeList,bakeParens,bakeRecord
syntax cluster bakeComments contains=bakeComment,bakeDoc
syntax cluster bakeTexts contains=bakeText,bakeRaw,bakeLines,bakeRawLines

" Items and statements: a word, and the name behind it.
syntax match bakeItem /\<\%(let\|param\|variable\|secret\|fn\|type\|table\|image\|group\|policy\|output\|extern\|import\)\ze\s\+["']\?\h/ nextgroup=bakeName skipwhite
syntax match bakeName /["']\@!\h\w*\%(-\+\w\+\)*\>/ contained nextgroup=bakeAnnotation skipwhite
syntax match bakeItem /\<extern\s\+\%(builder\|provisioner\|post\|options\)\ze\s\+["']\?\h/ nextgroup=bakeKind skipwhite
syntax match bakeItem /\%(^\s*\)\@<=type\ze\s\+\h\w*\s*=/ nextgroup=bakeTypeName skipwhite
syntax match bakeTypeName /\h\w*/ contained nextgroup=bakeTypeIs skipwhite
syntax match bakeTypeIs /=/ contained nextgroup=bakeType skipwhite skipnl
syntax match bakeStatement /\<\%(builder\|provision\|cleanup\|test\|post\)\ze\s\+["']\?\h/ nextgroup=bakeWhen,bakeKind skipwhite
syntax match bakeStatement /\<post\ze\s*{/
syntax match bakeKind /["']\?\h\w*\%(-\+\w\+\)*["']\?/ contained
syntax match bakeKind /\%(^\s*\)\@<=\h\w*\%(-\+\w\+\)*\ze\s*{/
syntax match bakeStatement /\<use\ze\s\+\h[A-Za-z0-9_. ]*(/
syntax match bakeStatement /\<\%(matrix\|retain\)\ze\s*{/
syntax match bakeStatement /\<axis\ze\s*\%({\|\h\)/ nextgroup=bakeName skipwhite
syntax match bakeStatement /\<exclude\ze\s\+when\>/
syntax match bakeStatement /\<require\ze\s\+\S/
syntax match bakeWhen /\<when\ze\s\+\%(\%(in\|matches\|then\|else\)\>\)\@!["'!(\[A-Za-z0-9_]/
syntax match bakeWhen /\<because\ze\s\+["']/
syntax match bakeImportAs /["']\@1<=\s*\<as\ze\s\+\h/

" Members of records and externs.
syntax match bakeMemberWord /\%(\%(^\|[{,]\)\s*\)\@<=\<\%(rule\ze\s\+[^:[:space:]]\|fact\ze\s\+\h\w*\s*(\|unique\ze\s\+\h\w*\%(-\+\w\+\)*\s\+per\>\)/
syntax match bakeMemberWord /\<per\ze\s\+\h/
syntax match bakeMemberWord /["']\@1<=\s*\<at\ze\s\+\h/
syntax match bakeModifier /\<\%(since\|deprecated\|refused\)\ze\s\+["']/
syntax match bakeModifier /\<\%(formerly\|as\)\ze\s\+\h/

" Types stand behind a colon and an arrow.
syntax match bakeAnnotation /:/ nextgroup=bakeType skipwhite
syntax match bakeType /|/ contained nextgroup=bakeType skipwhite skipnl
syntax match bakeType /[\[(]/ contained nextgroup=bakeType skipwhite
syntax match bakeType /\.\h\w*/ contained
syntax match bakeType /\%(\<late\s\+\)*\h\w*\%(\s*\.\s*\h\w*\)*[\])>?]*/ contained contains=bakeTypeBuiltin,bakeLate,bakeConstant nextgroup=bakeTypeMore skipwhite skipnl
syntax match bakeType /\%(map\|template\)\s*</ contained nextgroup=bakeType skipwhite
syntax match bakeType /"[^"]*"\|'[^']*'/ contained contains=bakeText,bakeRaw nextgroup=bakeTypeMore skipwhite skipnl
syntax match bakeTypeMore /|/ contained nextgroup=bakeType skipwhite skipnl
syntax keyword bakeLate contained late
syntax keyword bakeTypeBuiltin contained
            \ bool int number string duration size region zone ami_id snapshot_id instance_type account_id vpc_id
            \ subnet_id security_group_id kms_key arn cidr device path iam_profile s3_bucket

" Operators, constants, calls.
syntax keyword bakeConditional if else
syntax match bakeConditional /\<then\>/
syntax match bakeStatement /\<then\ze\s\+\h\w*\%(-\+\w\+\)*\s*\%({\|["']\|\<when\>\)/ nextgroup=bakeKind skipwhite
syntax keyword bakeRepeat for
syntax keyword bakeMatch match
syntax keyword bakeIn in
syntax keyword bakeConstant true false null
syntax match bakeMatches /\<matches\>/ nextgroup=bakeRegex skipwhite skipnl
syntax region bakeRegex contained oneline matchgroup=bakeRegexMark start=+/+ skip=+\\.+ end=+/+ contains=bakeRegexEscape
syntax match bakeRegexEscape /\\./ contained
syntax match bakeCall /\<\h\w*\ze\s*(/ contains=bakeFunction,bakeConditional,bakeIn,bakeRepeat,bakeMatch
syntax keyword bakeFunction contained
            \ upper lower title trim trim_prefix trim_suffix starts_with ends_with replace split join substr
            \ repeat indent lines pad string int len distinct sort reverse flatten slice first last index_of range
            \ all any sum min max abs floor ceil round keys values has merge json base64 from_base64 md5 sha1
            \ sha256 sha512 file render_file render verbatim env given
" Vim takes this word for an argument of its own.
syntax match bakeFunction contained /\<contains\>/
syntax match bakeTableKey /\<key\ze\s*(/
syntax match bakeOperator /[-+*%!<>=&|?]\+\|\.\.\.\?/
" The first slash of a comment is none of a division.
syntax match bakeOperator +/\ze[^/]+
syntax match bakeArrow /->/ nextgroup=bakeType skipwhite
syntax match bakeMember /\.\@1<!\.\s*\h\w*/
syntax match bakeNumber /\<\d\w*\%(\.\d\w*\)*/

" Keys: any word before `=` in braces, any word before a colon.
syntax match bakeKey /\h\w*\%(-\+\w\+\)*\ze\s*=[=>]\@!/
syntax match bakeKey /"[^"]*"\ze\s*=[=>]\@!/
syntax match bakeKey /\%(\%(^\|[{,(]\)\s*\)\@<=\<\h\w*\%(-\+\w\+\)*\ze\s*:/ nextgroup=bakeAnnotation skipwhite
syntax match bakeLet /\<\%(let\|param\|variable\|secret\)\s\+\h\w*/ contains=bakeLetWord
syntax match bakeLetWord /\<\%(let\|param\|variable\|secret\)\ze\s/ contained

" Tables: a cell is a word, whatever it looks like.
syntax match bakeRow /^\s*|.*$/ contains=bakeBar,@bakeTexts,bakeComment,bakeColumn,bakeAbsent
syntax match bakeBar /|/ contained
syntax match bakeAbsent /\%(|\s*\)\@<=-\ze\s*\%(|\|$\)/ contained
syntax match bakeColumn /\%(|\s*\)\@<=\h\w*\%(-\+\w\+\)*\ze\s*:\s/ contained nextgroup=bakeColumnType skipwhite
syntax match bakeColumnType /:[^|]*/ contained contains=bakeTypeBuiltin,bakeText,bakeLate

" Texts.
syntax region bakeText oneline matchgroup=bakeQuote start=+"+ skip=+\\\\\|\\"+ end=+"+ contains=bakeEscape,bakeInterpolation,bakeTemplate
syntax region bakeRaw oneline matchgroup=bakeQuote start=+'+ end=+'+ contains=bakeTemplate
syntax region bakeLines matchgroup=bakeQuote start=+"""+ end=+"""+ contains=bakeEscape,bakeInterpolation,bakeTemplate
syntax region bakeRawLines matchgroup=bakeQuote start=+'''+ end=+'''+ contains=bakeTemplate
syntax match bakeEscape /\\\%(u{\x\{1,6}}\|.\)\|\$\${/ contained
syntax region bakeInterpolation contained matchgroup=bakeMark start=/${/ end=/}/ contains=@bakeExpression
syntax region bakeTemplate contained oneline matchgroup=bakeMark start=/{{-\?/ end=/-\?}}/ end=/\ze["']/ contains=bakeTemplateText,bakeTemplateField,bakeTemplateWord,bakeTemplateFunction,bakeInterpolation
syntax match bakeTemplateText /`[^`]*`\|\\"\%([^\\"]\)*\\"/ contained contains=bakeInterpolation
syntax match bakeTemplateField /\.\h\w*/ contained
syntax keyword bakeTemplateWord contained if else end with range break continue true false nil
syntax keyword bakeTemplateFunction contained
            \ build_name build_type packer_version pwd template_dir uuid timestamp isotime strftime user split
            \ replace replace_all upper lower clean_resource_name build env consul_key vault aws_secretsmanager
            \ aws_secretsmanager_raw and or not len index slice print printf println html js urlquery call eq ne
            \ lt le gt ge

syntax region bakeRecord contained matchgroup=bakeBrace start=/{/ end=/}/ contains=@bakeExpression
syntax region bakeList contained matchgroup=bakeBrace start=/\[/ end=/\]/ contains=@bakeExpression
syntax region bakeParens contained matchgroup=bakeBrace start=/(/ end=/)/ contains=@bakeExpression

syntax match bakeComment +//.*$\|#.*$+ contains=@Spell
syntax match bakeDoc +///\%(/\)\@!.*$\|//!.*$+ contains=@Spell

highlight default link bakeComment Comment
highlight default link bakeDoc SpecialComment
highlight default link bakeItem Keyword
highlight default link bakeLetWord Keyword
highlight default link bakeLet Identifier
highlight default link bakeName Identifier
highlight default link bakeTypeName Type
highlight default link bakeStatement Keyword
highlight default link bakeKind Type
highlight default link bakeWhen Conditional
highlight default link bakeImportAs Keyword
highlight default link bakeTableKey Keyword
highlight default link bakeMemberWord Keyword
highlight default link bakeModifier StorageClass
highlight default link bakeLate StorageClass
highlight default link bakeTypeBuiltin Type
highlight default link bakeType Type
highlight default link bakeConditional Conditional
highlight default link bakeMatch Conditional
highlight default link bakeRepeat Repeat
highlight default link bakeIn Operator
highlight default link bakeMatches Operator
highlight default link bakeConstant Constant
highlight default link bakeNumber Number
highlight default link bakeCall Function
highlight default link bakeFunction Function
highlight default link bakeOperator Operator
highlight default link bakeArrow Operator
highlight default link bakeKey Identifier
highlight default link bakeColumn Identifier
highlight default link bakeBar Delimiter
highlight default link bakeAbsent Constant
highlight default link bakeRow String
highlight default link bakeText String
highlight default link bakeRaw String
highlight default link bakeLines String
highlight default link bakeRawLines String
highlight default link bakeQuote String
highlight default link bakeEscape SpecialChar
highlight default link bakeMark Special
highlight default link bakeRegex String
highlight default link bakeRegexMark Delimiter
highlight default link bakeRegexEscape SpecialChar
highlight default link bakeTemplate Special
highlight default link bakeTemplateText String
highlight default link bakeTemplateField Identifier
highlight default link bakeTemplateWord Keyword
highlight default link bakeTemplateFunction Function
highlight default link bakeAnnotation Delimiter
let b:current_syntax = 'bake'
