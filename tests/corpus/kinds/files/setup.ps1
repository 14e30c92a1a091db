Write-Output 'ready'
