// Sends one event to the chat, or receives what the chat tells other services.
//
//	CHAT_HOOK=… CHAT_HOOK_SECRET=… go run . send ID < event.json
//	CHAT_SECRET=… go run . receive PORT
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("send ID, or receive PORT")
	}
	switch os.Args[1] {
	case "send":
		body, err := io.ReadAll(os.Stdin)
		if err != nil {
			log.Fatal(err)
		}
		sender := Sender{URL: os.Getenv("CHAT_HOOK"), Webhook: webhook("CHAT_HOOK_SECRET")}
		answer, err := sender.Send(os.Args[2], body)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(answer))
	case "receive":
		receiver := NewReceiver(webhook("CHAT_SECRET"), os.Stdout)
		server := http.Server{
			Addr:              net.JoinHostPort("127.0.0.1", os.Args[2]),
			Handler:           receiver,
			ReadHeaderTimeout: timeout,
			ReadTimeout:       timeout,
		}
		log.Fatal(server.ListenAndServe())
	default:
		log.Fatal("send ID, or receive PORT")
	}
}

// webhook signs and checks with the secret in a variable.
func webhook(name string) *webhooks.Webhook {
	webhook, err := webhooks.NewWebhook(os.Getenv(name))
	if err != nil {
		log.Fatalf("%s is no secret: %v", name, err)
	}
	return webhook
}
