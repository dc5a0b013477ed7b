module getschwifty.dev/shim

go 1.19
