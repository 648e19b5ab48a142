package main

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const (
	largestBody = 262_144
	remembered  = 10_000
)

// Event is what the chat tells.
type Event struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	Timestamp string          `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// Receiver writes each event once, as one line of JSON. A real service writes the event down where it works on it,
// in one transaction with the id, and answers after that.
type Receiver struct {
	webhook *webhooks.Webhook
	lock    sync.Mutex
	events  *json.Encoder
	seen    map[string]bool
	order   []string
}

// NewReceiver checks what comes with this webhook.
func NewReceiver(webhook *webhooks.Webhook, output io.Writer) *Receiver {
	return &Receiver{webhook: webhook, events: json.NewEncoder(output), seen: map[string]bool{}}
}

func (receiver *Receiver) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodPost {
		response.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(response, request.Body, largestBody))
	if err != nil {
		response.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	event := Event{}
	if receiver.webhook.Verify(body, request.Header) != nil || json.Unmarshal(body, &event) != nil {
		// Not from the chat, or too old: say no, and nothing more.
		response.WriteHeader(http.StatusUnauthorized)
		return
	}
	event.ID = request.Header.Get(webhooks.HeaderWebhookID)
	if err := receiver.take(event); err != nil {
		response.WriteHeader(http.StatusInternalServerError)
		return
	}
	response.WriteHeader(http.StatusNoContent)
}

// take writes an event unless it came before: it comes again when our answer to the first was lost.
func (receiver *Receiver) take(event Event) error {
	receiver.lock.Lock()
	defer receiver.lock.Unlock()
	if receiver.seen[event.ID] {
		return nil
	}
	if err := receiver.events.Encode(event); err != nil {
		return err
	}
	receiver.seen[event.ID] = true
	receiver.order = append(receiver.order, event.ID)
	if len(receiver.order) > remembered {
		delete(receiver.seen, receiver.order[0])
		receiver.order = receiver.order[1:]
	}
	return nil
}
