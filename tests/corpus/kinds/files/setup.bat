@echo ready
