/** A page of the example, three layers deep over a REST and a gRPC service. */
export const pageQuery = `{
  airport(iata: "ATL") {
    name
    city
    routes(first: 10) { flights destination { iata name city delays { meanDelayMinutes onTimeShare } } }
    departures(first: 50) { nodes { id departsAt delayMinutes distanceMiles destination { name city state } } }
    delays { flights meanDelayMinutes onTimeShare }
  }
}`;
