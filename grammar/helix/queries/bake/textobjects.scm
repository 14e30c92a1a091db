(image body: (_) @class.inside) @class.around
(group body: (_) @function.inside) @function.around
(function body: (_) @function.inside) @function.around
(block body: (_) @function.inside) @function.around
(parameter) @parameter.around
(entry value: (_) @entry.inside) @entry.around
[(comment) (doc_comment)] @comment.around
