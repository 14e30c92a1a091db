; What a name means: the nearest declaration around it, in any order.

[(file) (image) (group) (function) (policy) (matrix) (list) (record)] @local.scope

(binding name: (identifier) @local.definition.variable)
(function name: (identifier) @local.definition.function)
(group name: (identifier) @local.definition.function)
(type_declaration name: (identifier) @local.definition.type)
(table name: (identifier) @local.definition.type)
(image name: (identifier) @local.definition.type)
(import name: (identifier) @local.definition.namespace)
(parameter name: (identifier) @local.definition.variable.parameter)
(axis name: (identifier) @local.definition.variable)
(for_clause variable: (identifier) @local.definition.variable)
(policy variable: (identifier) @local.definition.variable)

(variable (identifier) @local.reference)
(type_name . (identifier) @local.reference)
(use group: (path . (identifier) @local.reference))
